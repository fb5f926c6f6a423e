"""`chamdiem open-campaign`: open a year from a folder of plain files, with the schemes of its levels."""

import argparse
import getpass
import sys
from pathlib import Path

from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.cli.parsers import Groups
from webapp.errors import InvalidInput
from webapp.par_index.errors import SchemeInvalid
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.services.campaigns import create_campaign, plan_from_folder
from webapp.services.payment_rates import load_rates
from webapp.services.schemes import load_sample_schemes, parse_version, require_printed_forms
from webapp.settings import Settings

_REFUSED = 2


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `open-campaign`."""
    parser = groups.add_parser("open-campaign", help="open a year: its office, units, groups and schemes")
    parser.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="holds campaign.yaml, units.yaml and the other files of docs/operation.md",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Open it whole or not at all; 2 and the reason where the files are not sound."""
    settings = Settings.from_env()
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine).begin() as session:
            _open(session, arguments.folder, FormLibrary(settings.forms_dir))
    except SchemeInvalid as problem:
        return _refuse(problem.problems)
    except InvalidInput as problem:
        return _refuse((str(problem),))
    finally:
        engine.dispose()
    return 0


def _open(session: Session, folder: Path, library: FormLibrary) -> None:
    actor, now = getpass.getuser(), utc_now()
    campaign = create_campaign(session, actor, plan_from_folder(folder), now)
    session.flush()
    load_rates(session, actor, campaign, folder, now)
    versions = load_sample_schemes(session, actor, campaign, folder, now)
    if not versions:
        raise SchemeInvalid((f"Không có tệp criteria_*.yaml trong {folder}.",))
    for version in versions:
        require_printed_forms(parse_version(version), library)
    sys.stdout.write(f"{campaign.year}: {campaign.name}, {len(campaign.units)} đơn vị\n")
    for version in versions:
        sys.stdout.write(f"{version.level}: {version.title}\n{version.status}\n")


def _refuse(problems: tuple[str, ...]) -> int:
    sys.stderr.write(
        "Chưa mở chu kỳ nào, không có gì thay đổi:\n" + "".join(f"  {line}\n" for line in problems)
    )
    return _REFUSED
