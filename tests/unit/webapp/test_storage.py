"""The scan store: same bytes one file, whole or absent, never outside its folder."""

import hashlib
import io
from pathlib import Path

import pytest

from webapp.storage import ScanStore


def files_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_a_file_is_named_by_its_bytes(tmp_path: Path) -> None:
    store = ScanStore(tmp_path)
    content = b"%PDF-1.4 " + b"x" * (3 << 20)
    stored = store.put(io.BytesIO(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.size_bytes == len(content)
    assert store.path(stored.sha256) == tmp_path / stored.sha256[:2] / stored.sha256[2:4] / stored.sha256
    with store.open(stored.sha256) as file:
        assert file.read() == content


def test_the_same_bytes_are_one_file(tmp_path: Path) -> None:
    store = ScanStore(tmp_path)
    first = store.put(io.BytesIO(b"same"))
    assert store.put_bytes(b"same") == first
    assert store.put_many([b"same", b"same"]) == [first, first]
    assert files_below(tmp_path) == [store.path(first.sha256)]


def test_many_keep_their_order(tmp_path: Path) -> None:
    store = ScanStore(tmp_path)
    contents = [b"one", b"two", b""]
    names = [stored.sha256 for stored in store.put_many(contents)]
    assert names == [hashlib.sha256(content).hexdigest() for content in contents]


def test_a_broken_stream_leaves_no_file_in_place(tmp_path: Path) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError("connection lost")
            return super().read(size)[:4]

    store = ScanStore(tmp_path)
    with pytest.raises(OSError, match="connection lost"):
        store.put(Breaking(b"half of a scan"))
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "G" * 64, ""])
def test_only_a_sha256_names_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        ScanStore(tmp_path).path(name)
