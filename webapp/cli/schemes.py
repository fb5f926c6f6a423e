"""`chamdiem load-scheme`: load a level's catalogue with its questionnaires as a new version."""

import argparse
import getpass
import sys
from pathlib import Path

from sqlalchemy import select

from ocr.template import FormLibrary
from webapp.cli.parsers import Groups
from webapp.errors import Locked
from webapp.par_index.errors import SchemeInvalid
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import SchemeVersion
from webapp.services.schemes import SchemeFiles, load_scheme_file, parse_version, require_printed_forms
from webapp.settings import Settings

_REFUSED = 2


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `load-scheme`."""
    parser = groups.add_parser("load-scheme", help="load a catalogue as the newest version of its level")
    parser.add_argument("--year", type=int, required=True, help="the evaluated year of the campaign")
    parser.add_argument("--catalogue", type=Path, required=True, help="YAML, par-index-catalogue/1")
    parser.add_argument("--questionnaires", type=Path, required=True, help="YAML, par-index-questionnaires/1")
    parser.add_argument(
        "--reason", default="", help="why, once units score themselves (a change in mid-round)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load the files; 2 and every contradiction by name where they are not sound."""
    settings = Settings.from_env()
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine)() as session:
            campaign = session.scalars(select(Campaign).where(Campaign.year == arguments.year)).first()
            if campaign is None:
                sys.stderr.write(f"there is no campaign of {arguments.year}\n")
                return _REFUSED
            files = SchemeFiles(arguments.catalogue, arguments.questionnaires)
            version = load_scheme_file(
                session, getpass.getuser(), campaign, files, utc_now(), reason=arguments.reason
            )
            require_printed_forms(parse_version(version), FormLibrary(settings.forms_dir))
            session.commit()
            _report(version)
    except (SchemeInvalid, Locked, OSError) as problem:
        problems = problem.problems if isinstance(problem, SchemeInvalid) else (str(problem),)
        sys.stderr.write("nothing was loaded:\n" + "".join(f"  {line}\n" for line in problems))
        return _REFUSED
    finally:
        engine.dispose()
    return 0


def _report(version: SchemeVersion) -> None:
    """Say what counts now, and how far it can be trusted."""
    sys.stdout.write(f"{version.level}: version {version.version}, {version.title}\n{version.status}\n")
