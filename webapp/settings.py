"""All settings, read once at start; the only module that looks at the environment."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how large they may be. Sizes are in the unit that the name ends in."""

    data_dir: Path
    database_url: str
    forms_dir: Path
    secret_key: str
    demo: bool = False
    https: bool = False
    max_upload_mb: int = 600
    max_evidence_mb: int = 20
    lease_s: int = 60
    reader_processes: int = 2
    scan_folder: Path | None = None
    scan_still_s: int = 5
    scan_quiet_min: int = 3
    backups_folder: Path | None = None
    backup_hour: int | None = 2
    backups_kept: tuple[int, int, int] = (7, 4, 6)
    metrics_token: str = ""
    log_json: bool = False
    session_idle_min: int = 120
    session_max_h: int = 12
    proxies: int = 0
    names_kept_months: int | None = None

    @property
    def scans_dir(self) -> Path:
        """The folder of originals, crops and previews, named by their SHA-256."""
        return self.data_dir / "scans"

    @property
    def backups_dir(self) -> Path:
        """The folder of backups; another disk's where the office has one."""
        return self.backups_folder or self.data_dir / "backups"

    @property
    def logs_dir(self) -> Path:
        """The folder of the program's own log, a file a day."""
        return self.data_dir / "logs"

    def forget_secret(self) -> None:
        """Sign everybody out: the next start makes a new secret (one given by the environment stays)."""
        (self.data_dir / "secret").unlink(missing_ok=True)

    @classmethod
    def from_env(cls) -> "Settings":
        """Read `CHAMDIEM_*`; docs/operation.md lists them. A missing secret is made and kept in data_dir."""
        data_dir = Path(os.environ.get("CHAMDIEM_DATA", "var")).resolve()
        default_url = f"sqlite:///{data_dir / 'chamdiem.sqlite3'}"
        forms_dir = Path(os.environ.get("CHAMDIEM_FORMS", Path(__file__).parent.parent / "forms_templates"))
        return cls(
            data_dir=data_dir,
            database_url=os.environ.get("CHAMDIEM_DATABASE", default_url),
            forms_dir=forms_dir.resolve(),
            secret_key=os.environ.get("CHAMDIEM_SECRET") or _kept_secret(data_dir),
            https=os.environ.get("CHAMDIEM_HTTPS", "") == "1",
            demo=os.environ.get("CHAMDIEM_DEMO", "") == "1",
            scan_folder=_folder(os.environ.get("CHAMDIEM_SCAN_FOLDER")),
            scan_still_s=int(os.environ.get("CHAMDIEM_SCAN_STILL_S", "5")),
            scan_quiet_min=int(os.environ.get("CHAMDIEM_SCAN_QUIET_MIN", "3")),
            backups_folder=_folder(os.environ.get("CHAMDIEM_BACKUPS")),
            backup_hour=_hour(os.environ.get("CHAMDIEM_BACKUP_HOUR", "2")),
            backups_kept=_kept(os.environ.get("CHAMDIEM_BACKUPS_KEPT", "7 4 6")),
            log_json=os.environ.get("CHAMDIEM_LOG", "") == "json",
            metrics_token=os.environ.get("CHAMDIEM_METRICS_TOKEN", ""),
            session_idle_min=int(os.environ.get("CHAMDIEM_SESSION_IDLE_MIN", "120")),
            session_max_h=int(os.environ.get("CHAMDIEM_SESSION_MAX_H", "12")),
            proxies=int(os.environ.get("CHAMDIEM_PROXIES", "0")),
            names_kept_months=_months(os.environ.get("CHAMDIEM_NAMES_KEPT_MONTHS", "off")),
            reader_processes=int(os.environ.get("CHAMDIEM_READERS", str(os.cpu_count() or 1))),
        )


def _folder(path: str | None) -> Path | None:
    return Path(path).resolve() if path else None


def _hour(text: str) -> int | None:
    """0–23, or None for "off"."""
    if text == "off":
        return None
    hour = int(text)
    if hour not in range(24):
        raise ValueError(f"CHAMDIEM_BACKUP_HOUR is an hour from 0 to 23, or off; not {text!r}")
    return hour


def _months(text: str) -> int | None:
    """1 or more, or None for "off"."""
    if text == "off":
        return None
    months = int(text)
    if months < 1:
        raise ValueError(f"CHAMDIEM_NAMES_KEPT_MONTHS is a number of months, or off; not {text!r}")
    return months


def _kept(text: str) -> tuple[int, int, int]:
    days, weeks, months = (int(number) for number in text.split())
    return days, weeks, months


def _kept_secret(data_dir: Path) -> str:
    """The secret of this installation: made once, whole or not at all, readable by its owner only."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "secret"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix="secret-") as beside:
            beside.write(os.urandom(32).hex())
            beside.flush()
            os.fsync(beside.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster: its secret counts
                os.link(beside.name, path)
    return path.read_text()
