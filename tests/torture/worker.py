"""A real worker process, with the real reader ("real") or the fake one (seconds a page)."""

import functools
from pathlib import Path

from tests.clients import FORMS_DIR
from tests.jobs.fake_reader import FakeEngine
from webapp.logs import install_logs
from webapp.settings import Settings
from webapp.worker import run_worker


def main(data_dir: Path, database_url: str, kind: str, lease_s: int, processes: int) -> None:
    """Run until told to stop, or killed."""
    settings = Settings(
        data_dir,
        database_url,
        FORMS_DIR,
        "torture",
        lease_s=lease_s,
        reader_processes=processes,
        backup_hour=None,
    )
    install_logs("worker", settings.logs_dir, json_on_terminal=False)
    fake = None if kind == "real" else functools.partial(FakeEngine, settings.scans_dir, float(kind))
    run_worker(settings, fake)
