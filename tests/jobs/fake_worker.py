"""A real worker process with the fake reader: data folder, database URL, seconds a page, scan folder."""

import functools
import sys
from pathlib import Path

from tests.jobs.fake_reader import FakeEngine
from webapp.settings import Settings
from webapp.worker import run_worker

LEASE_S = 2


def main(data_dir: Path, database_url: str, page_s: float, scan_folder: Path | None) -> None:
    """Run until told to stop, or killed."""
    settings = Settings(
        data_dir,
        database_url,
        data_dir,
        "secret",
        lease_s=LEASE_S,
        reader_processes=2,
        scan_folder=scan_folder,
        scan_still_s=1,
    )
    run_worker(settings, functools.partial(FakeEngine, settings.scans_dir, page_s))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]) if sys.argv[4:] else None)
