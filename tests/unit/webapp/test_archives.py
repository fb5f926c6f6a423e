"""ZIP archives: sound ones give their scans, hostile ones harm nobody."""

import io
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest

from webapp.services.archives import ArchiveLimits, ArchiveRefused, unpack
from webapp.storage import ScanStore

SCAN = b"%PDF-1.7 a scan"
LIMITS = ArchiveLimits(max_files=20, max_bytes=5_000_000)


@pytest.fixture
def store(tmp_path: Path) -> ScanStore:
    return ScanStore(tmp_path / "scans")


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def unpacked(tmp_path: Path, store: ScanStore, content: bytes) -> list[tuple[str, str | None]]:
    path = tmp_path / "in.zip"
    path.write_bytes(content)
    return [(file.name, file.refusal) for file in unpack(path, store, LIMITS)]


def test_scans_come_out_in_order_and_everything_else_says_why(tmp_path: Path, store: ScanStore) -> None:
    content = zipped(
        ("lô 1/b.pdf", SCAN),
        ("a.jpg", b"\xff\xd8\xff picture"),
        ("ghi chú.txt", b"words"),
        ("rỗng.pdf", b""),
        ("__MACOSX/._b.pdf", b"leftover"),
        ("lô 1/Thumbs.db", b"leftover"),
    )
    assert unpacked(tmp_path, store, content) == [
        ("lô 1/b.pdf", None),
        ("a.jpg", None),
        ("ghi chú.txt", "not_a_scan"),
        ("rỗng.pdf", "empty"),
    ]


def test_names_are_only_labels(tmp_path: Path, store: ScanStore) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    names = ("../../etc/passwd.pdf", "/abs.pdf", "C:\\windows\\x.pdf")
    unpacked(tmp_path, store, zipped(*((name, SCAN + name.encode()) for name in names)))
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before - {tmp_path / "in.zip"}
    assert len(new) == 3
    assert all(path.is_relative_to(tmp_path / "scans") for path in new)
    assert not (tmp_path.parent / "etc").exists()


def test_names_are_composed_whoever_wrote_them(tmp_path: Path, store: ScanStore) -> None:
    decomposed = unicodedata.normalize("NFD", "Phiếu xã Đại Trạch.pdf")
    assert unpacked(tmp_path, store, zipped((decomposed, SCAN))) == [("Phiếu xã Đại Trạch.pdf", None)]
    said_nothing = bytearray(zipped(("x" * len("ế.pdf".encode()), SCAN)))
    unmarked = bytes(said_nothing).replace(b"x" * len("ế.pdf".encode()), "ế.pdf".encode())
    assert unpacked(tmp_path, store, unmarked) == [("ế.pdf", None)]


def test_an_archive_in_an_archive_is_refused_by_itself(tmp_path: Path, store: ScanStore) -> None:
    inner = zipped(("a.pdf", SCAN))
    content = zipped(("inner.zip", inner), ("looks like.pdf", inner), ("a.pdf", SCAN))
    assert [refusal for _name, refusal in unpacked(tmp_path, store, content)] == [
        "nested_archive",
        "nested_archive",
        None,
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped(("bomb.pdf", bytes(4_900_000))), "too_large"),  # a thousand times its own size
        (zipped(*((f"{n}.pdf", SCAN) for n in range(21))), "too_large"),
        (zipped(("big.pdf", bytes(6_000_000)), method=zipfile.ZIP_STORED), "too_large"),
        (zipped(), "no_pages"),
        (zipped(("a.pdf", SCAN))[:-30], "damaged"),
        (b"PK\x03\x04 not really", "damaged"),
    ],
    ids=["ratio", "files", "bytes", "empty", "cut off", "head only"],
)
def test_an_archive_over_a_limit_is_refused_whole(
    tmp_path: Path, store: ScanStore, content: bytes, reason: str
) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused) as refused:
        unpack(path, store, LIMITS)
    assert refused.value.reason == reason
    assert not list((tmp_path / "scans" / "incoming").iterdir())


def test_a_directory_that_lies_about_sizes_gives_no_more_than_it_said(
    tmp_path: Path, store: ScanStore
) -> None:
    """The bomb says that it holds 10 bytes; it gets 10, its check sum fails, and nothing of it stays."""
    content = zipped(("bomb.pdf", b"%PDF-" + bytes(50_000_000)))
    small = content.replace(struct.pack("<I", 50_000_005), struct.pack("<I", 10))
    path = tmp_path / "in.zip"
    path.write_bytes(small)
    with pytest.raises(ArchiveRefused) as refused:
        unpack(path, store, LIMITS)
    assert refused.value.reason in {"damaged", "too_large"}
    kept = sum(file.stat().st_size for file in (tmp_path / "scans").rglob("*") if file.is_file())
    assert kept == 0


def test_locked_members_say_so(tmp_path: Path, store: ScanStore) -> None:
    content = bytearray(zipped(("a.pdf", SCAN)))
    content[6] |= 1  # local header
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    path = tmp_path / "in.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(ArchiveRefused) as refused:
        unpack(path, store, LIMITS)
    assert refused.value.reason == "encrypted"


def test_other_ways_of_packing_are_refused_by_themselves(tmp_path: Path, store: ScanStore) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.pdf", SCAN, zipfile.ZIP_LZMA)
        archive.writestr("b.pdf", SCAN, zipfile.ZIP_BZIP2)
        archive.writestr("c.pdf", SCAN)
    assert [refusal for _, refusal in unpacked(tmp_path, store, out.getvalue())] == [
        "damaged",
        "damaged",
        None,
    ]
