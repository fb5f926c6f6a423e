"""Word and Excel documents set as PDF by LibreOffice, in a process of its own with limits on time and memory.

The profile is new for every document, runs no macro and follows no link that the document holds: what it
would fetch from the network or from this machine stays away. Whatever goes wrong: no pictures, no error.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("docx", "xlsx", "doc", "xls")
TIME_LIMIT_S = 90  # a busy machine takes half a minute for what is done in three seconds otherwise
CPU_LIMIT_S = 40
_MEMORY_LIMIT_BYTES = 2_000_000_000
_LIMITS = ("prlimit", f"--as={_MEMORY_LIMIT_BYTES}", f"--cpu={CPU_LIMIT_S}")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_SECURITY = "/org.openoffice.Office.Common/Security/Scripting"
_SETTINGS = {
    "MacroSecurityLevel": "3",
    "DisableMacrosExecution": "true",
    "BlockUntrustedRefererLinks": "true",
}


@contextmanager
def pdf_of_office(document: Path, kind: str) -> Iterator[Path | None]:
    """The document as a PDF, gone at the end; None where LibreOffice is missing, fails, or takes too long.

    Args:
        document: the file, under whatever name.
        kind: one of KINDS.
    """
    with tempfile.TemporaryDirectory(prefix="chamdiem-office-") as place:
        folder = Path(place)
        copy = folder / f"document.{kind}"  # LibreOffice puts a lock file beside what it opens
        shutil.copyfile(document, copy)
        _write_profile(folder / "profile")
        _convert(copy, folder)
        made = folder / "document.pdf"
        yield made if made.exists() else None


def _write_profile(profile: Path) -> None:
    items = "".join(
        f'<item oor:path="{_SECURITY}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for name, value in _SETTINGS.items()
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>",
        encoding="utf-8",
    )


def _convert(copy: Path, folder: Path) -> None:
    command = [
        *_LIMITS,
        "soffice",
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        *("--headless", "--norestore", "--nolockcheck", "--convert-to", "pdf", "--outdir"),
        str(folder),
        str(copy),
    ]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        env={"PATH": _PATH, "HOME": str(folder), "LANG": "C.UTF-8"},
        start_new_session=True,  # soffice starts others: they end with it
    ) as process:
        try:
            process.wait(timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
