"""Whether a file is whole, told from its last bytes alone: a scanner may stop in mid-file and go on later."""

import os
import struct
from typing import IO

_TAIL_BYTES = 70_000  # the end of a ZIP may carry a comment of 64 KB
_TIFF_ORDER = {b"II*\0": "<I", b"MM\0*": ">I"}
_TIFF_HEAD = 8


def ends_well(stream: IO[bytes]) -> bool:
    """Whether the file ends as its kind must; a kind without a known end always does."""
    head = stream.read(_TIFF_HEAD)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL_BYTES))
    tail = stream.read().rstrip(b"\0")
    if head.startswith(b"%PDF"):
        return b"%%EOF" in tail[-2048:]
    if head.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" in tail[-2048:]
    if head.startswith(b"\x89PNG"):
        return b"IEND" in tail[-32:]
    if head.startswith(b"PK"):
        return b"PK\5\6" in tail
    if head[:4] in _TIFF_ORDER and len(head) == _TIFF_HEAD:
        directory = int(struct.unpack(_TIFF_ORDER[head[:4]], head[4:])[0])
        return 0 < directory < size
    return size > 0
