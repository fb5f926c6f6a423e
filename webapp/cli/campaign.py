"""`chamdiem campaign`: the whole job without a browser, with answers that are known beforehand.

Every sheet of the sample campaign is printed, filled in, scanned, taken in, read by the real worker, its
doubtful answers settled and keyed twice, units scored and appraised, the answers audited, the index
computed: through the use cases of the web application, in a throw-away folder. What comes out is held
against the truth.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.cli.parsers import Groups

FORMS_DIR = Path(__file__).parents[2] / "forms_templates"
NOT_PASSED = 1


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `campaign`."""
    parser = groups.add_parser(
        "campaign", help="rehearse the whole campaign with known answers", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=2020, help="same seed, same campaign")
    parser.add_argument("--units", type=int, metavar="N", help="only the first N units of each level")
    parser.add_argument(
        "--sheets-per-group-scale", type=float, default=1.0, metavar="S", help="share of each group's sheets"
    )
    parser.add_argument("--profile", default="office", choices=("clean", "office", "rough"))
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2, help="processes that fill in, and that read")
    parser.add_argument("--forms-dir", type=Path, default=FORMS_DIR)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in DIR and leave it there")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Rehearse, print the table; 0 where nothing is silently wrong or lost and the index is the true one."""
    from webapp.cli.campaign_report import as_text
    from webapp.cli.campaign_run import Orders, rehearse
    from webapp.services.rehearsal import Size

    orders = Orders(
        seed=arguments.seed,
        size=Size(arguments.units, arguments.sheets_per_group_scale),
        profile=arguments.profile,
        dpi=arguments.dpi,
        workers=arguments.workers,
        forms_dir=arguments.forms_dir,
    )
    with _folder(arguments.keep) as folder:
        outcome = rehearse(orders, folder, _Steps())
    sys.stdout.write(as_text(outcome) + "\n")
    return 0 if outcome.passed else NOT_PASSED


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="chamdiem-campaign-") as scratch:
        yield Path(scratch)


class _Steps:
    """Says what is being done while it is done, and how long each step took."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self, words: str) -> None:
        now = time.monotonic()
        sys.stderr.write(f"[{now - self._since:6.1f} s] {words}\n")
        sys.stderr.flush()
