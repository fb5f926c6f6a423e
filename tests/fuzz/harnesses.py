"""One harness for each parser of what people bring: it takes the bytes, or refuses them in its own words.

A harness raises only what its parser never may: an error that is nobody's sentence.
"""

import contextlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ocr.errors import CodeRefused, OcrError
from ocr.sheet_code import identity_from_code, pack_code_from_text, serial_from_text
from ocr.source import ScanLimits, iter_pages
from tests.fuzz.mutate import Mutate, spoil, spoil_archive, spoil_tree
from webapp.audit import draw
from webapp.audit.manifest import ManifestInvalid, read_manifest
from webapp.blueprints.payments.forms import read_dong
from webapp.campaign_plan import cells
from webapp.campaign_plan.reading import FormFacts, read_plan
from webapp.campaign_plan.worksheets import read_worksheets
from webapp.errors import InvalidInput
from webapp.papers.workbook_child import TooMuch, rows_of
from webapp.par_index import compute
from webapp.par_index.errors import AppraisalError, FactsInvalid
from webapp.par_index.exact import sha256_of
from webapp.par_index.rules import FactField, FactKind, read_fact
from webapp.services.archives import ArchiveLimits, ArchiveRefused, unpack
from webapp.services.evidence_kinds import MEDIA_TYPES, clean_name, find_kind
from webapp.services.intake import clean_name as clean_scan_name
from webapp.services.intake import refusal_at_door
from webapp.services.scheme_files import read_scheme_file
from webapp.storage import ScanStore

SEEDS = Path(__file__).parent / "seeds"
BETWEEN_FILES = b"\n# ---- questionnaires ----\n"
SCAN_KINDS = ("pdf", "tiff", "jpeg", "png", "heic")
_SCAN_LIMITS = ScanLimits(max_bytes=5_000_000, max_pages=20, max_pixels=2_000_000)
_ARCHIVE_LIMITS = ArchiveLimits(max_files=50, max_bytes=2_000_000)
_FORMS = {"CX4": FormFacts("commune", ("DN",))}
_READERS: tuple[Callable[[str], object], ...] = (
    *(cells.read_text, cells.read_code, cells.read_year, cells.read_count, cells.read_day, cells.read_moment),
    *(cells.read_place, cells.read_yes, read_dong),
)


@dataclass(frozen=True)
class Harness:
    """`check` takes any bytes; `mutate` spoils the sound ones of `seeds/<name>`."""

    name: str
    check: Callable[[bytes], None]
    mutate: Mutate = spoil

    def seeds(self) -> list[Path]:
        """Sound files of this kind, and those that a run once found."""
        return sorted((SEEDS / self.name).iterdir())


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chamdiem-fuzz-") as folder:
        path = Path(folder) / "input"
        path.write_bytes(content)
        yield path


def check_scan(content: bytes) -> None:
    """Pages with pixels or with a problem's words, or a refusal of the whole file."""
    refusal_at_door(content[:1024])
    with _as_file(content) as path, contextlib.suppress(OcrError):
        assert all(page.problem or page.grey.size for page in iter_pages(path, _SCAN_LIMITS))


def check_archive(content: bytes) -> None:
    """Its files in the store, none of them elsewhere, never more than the limits."""
    with _as_file(content) as path:
        store = ScanStore(path.parent / "scans")
        with contextlib.suppress(ArchiveRefused):
            files = unpack(path, store, _ARCHIVE_LIMITS)
            assert len(files) <= _ARCHIVE_LIMITS.max_files
            assert sum(file.size_bytes for file in files) <= _ARCHIVE_LIMITS.max_bytes
            assert all(clean_scan_name(file.name).isprintable() for file in files)
        assert {place.name for place in path.parent.iterdir()} == {"input", "scans"}


def check_workbook(content: bytes) -> None:
    """Rows, and what a campaign makes of them; what is no workbook ends in the child that reads it."""
    try:
        worksheets = rows_of(content)
    except TooMuch:
        return
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the child answers with a code of its own
        return
    with contextlib.suppress(InvalidInput):
        rows, _missing = read_worksheets(worksheets)
        plan, problems = read_plan(rows, _FORMS)
        assert (plan is None) == bool(problems)


def check_evidence(content: bytes) -> None:
    """A kind that we serve, or a sentence; a name that is safe to show whatever it was."""
    with contextlib.suppress(InvalidInput):
        kind = find_kind(io.BytesIO(content), "tệp")
        name = clean_name(content[:300].decode("latin-1"), kind)
        assert kind in MEDIA_TYPES
        assert name.isprintable()
        assert not set(name) & set('/\\"<>|:*?')


def check_scheme(content: bytes) -> None:
    """Two YAML files in one seed: the catalogue, and the questionnaires that feed it."""
    catalogue, _, questionnaires = content.partition(BETWEEN_FILES)
    with tempfile.TemporaryDirectory(prefix="chamdiem-fuzz-") as folder:
        paths = Path(folder) / "catalogue.yaml", Path(folder) / "questionnaires.yaml"
        paths[0].write_bytes(catalogue)
        paths[1].write_bytes(questionnaires)
        with contextlib.suppress(AppraisalError):
            read_scheme_file(*paths, {"CX4": ["DN"]})


def check_code(content: bytes) -> None:
    """What a scanner or a person gives for a code, a serial, a pack."""
    text = content.decode("utf-8", "replace")
    for read in (identity_from_code, serial_from_text, pack_code_from_text):
        with contextlib.suppress(CodeRefused):
            read(text)


def check_typed(content: bytes) -> None:
    """What people type where a number, a day, a code or an amount is asked for."""
    text = content.decode("utf-8", "replace")
    for kind in FactKind:
        with contextlib.suppress(FactsInvalid):
            read_fact(FactField("n", "Số", kind), text)
    for read in _READERS:
        with contextlib.suppress(InvalidInput):
            read(text)


def check_snapshot(content: bytes) -> None:
    """The command's own answer is 0, 1 or 2; inputs whose hash was made anew are computed or refused."""
    with _as_file(content) as path, _silent():
        assert compute.main([str(path)]) in {0, 1, 2}
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(content)
        if isinstance(told, dict):
            told["sha256"] = sha256_of(told.get("inputs"))
            with _as_file(json.dumps(told).encode()) as path, _silent():
                assert compute.main([str(path)]) in {0, 1, 2}


def check_manifest(content: bytes) -> None:
    """The command that redoes a draw; a manifest that is read is written back to the same bytes."""
    with _as_file(content) as path, _silent():
        assert draw.main([str(path), "01234567890123456789"]) in {0, 2}
    with contextlib.suppress(ManifestInvalid, UnicodeDecodeError):
        read_manifest(content.decode())


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


HARNESSES = {
    harness.name: harness
    for harness in (
        *map(partial(Harness, check=check_scan), SCAN_KINDS),
        Harness("zip", check_archive, spoil_archive),
        Harness("workbook", check_workbook, spoil_archive),
        Harness("evidence", check_evidence),
        Harness("scheme", check_scheme),
        Harness("code", check_code),
        Harness("typed", check_typed),
        Harness("snapshot", check_snapshot, spoil_tree),
        Harness("manifest", check_manifest),
    )
}
