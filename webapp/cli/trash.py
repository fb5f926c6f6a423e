"""`chamdiem erase-trash`: delete the files of batches that lay in the trash long enough."""

import argparse
import datetime as dt
import getpass
import sys

from webapp.cli.parsers import Groups
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.trash import KEPT_FOR
from webapp.services.erasure import erase_batch, list_erasable
from webapp.settings import Settings
from webapp.storage import ScanStore


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `erase-trash`."""
    parser = groups.add_parser("erase-trash", help="delete the scans of what lay in the trash long enough")
    parser.add_argument("--days", type=int, default=KEPT_FOR.days, help="how long, 30 at least")
    parser.add_argument("--yes", action="store_true", help="without this, only say what would be deleted")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Name each batch, and delete its files where `--yes` says so."""
    settings, now = Settings.from_env(), utc_now()
    kept_for = max(KEPT_FOR, dt.timedelta(days=arguments.days))
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine)() as session:
            for batch in list_erasable(session, now - kept_for):
                if not arguments.yes:
                    sys.stdout.write(f"batch {batch.number}: would be deleted; say --yes to do it\n")
                    continue
                names = erase_batch(session, getpass.getuser(), batch, now)
                session.commit()  # what the database has let go of may be deleted; never the other way round
                ScanStore(settings.scans_dir).remove(names)
                sys.stdout.write(f"batch {batch.number}: {len(names)} files deleted, all readings kept\n")
    finally:
        engine.dispose()
    return 0
