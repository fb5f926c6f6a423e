"""Small damage to sound input: what disks, careless programs and attackers do to a file."""

import copy
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

Mutate = Callable[[bytes, Random], bytes]

# What parsers trip over: lengths at the edges of their types, and words that mean something to them.
_NUMBERS = (
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00",
    b"\xff\xfe",
    b"\x00\x01",
)
_WORDS = (
    *(
        b"%PDF-",
        b"obj",
        b"endobj",
        b"stream",
        b"/Length 999999999",
        b"/Rotate 90",
        b"/Parent 1 0 R",
        b"[" * 200,
    ),
    *(
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"ftypheic",
        b"IHDR",
        b"II*\x00",
        b"MM\x00*",
        b"\xff\xd8\xff\xda",
    ),
    *(
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"1e999999999",
        b"-1",
        b"NaN",
        b"9" * 5000,
        b"&a [*a]",
        b"!!python/",
    ),
    *("ế".encode(), b"\xe1\xba", b"\r\n", b"\x00", b"%(a)s", b"../", b"=1+1"),
)
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 10**400, 1.5, "", "1e999999999", "-1", "NaN", "5/0", "9" * 5000, "\x00"),
    *([], {}, [[]], {"kind": "levels"}, "ế" * 300, "%(a)s"),
)
_MOST_EDITS = 6


def spoil(content: bytes, random: Random) -> bytes:
    """A few edits of bytes: overwritten, put in, left out, doubled, cut off."""
    spoilt = bytearray(content)
    for _ in range(random.randint(1, _MOST_EDITS)):
        random.choice(_EDITS)(spoilt, random)
    return bytes(spoilt)


def _place(content: bytearray, random: Random) -> int:
    return random.randrange(len(content) + 1)


def _overwrite(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    written = random.choice((random.randbytes(random.randint(1, 4)), random.choice(_NUMBERS)))
    content[at : at + len(written)] = written


def _put_in(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    content[at:at] = random.choice(_WORDS)


def _leave_out(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    del content[at : at + random.choice((1, 4, 50, 1000))]


def _double(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    content[at:at] = content[at : at + random.choice((4, 50, 1000))]


def _cut_off(content: bytearray, random: Random) -> None:
    if random.random() < 0.2:
        del content[_place(content, random) :]


_EDITS = (_overwrite, _overwrite, _put_in, _leave_out, _double, _cut_off)


def spoil_archive(content: bytes, random: Random) -> bytes:
    """One member of a ZIP spoilt and packed again; now and then the bytes of the archive itself."""
    members = _members(content)
    if not members or random.random() < 0.3:
        return spoil(content, random)
    chosen = random.choice(sorted(members))
    members[chosen] = spoil(members[chosen], random)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def _members(content: bytes) -> dict[str, bytes]:
    """The members of a sound archive; none of a seed that is spoilt already."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, OSError, NotImplementedError, EOFError):
        return {}


def spoil_tree(content: bytes, random: Random) -> bytes:
    """A JSON document with a value replaced, left out or put in; now and then its letters."""
    try:
        tree = None if random.random() < 0.2 else json.loads(content)
    except (ValueError, RecursionError):  # a seed that is spoilt already
        tree = None
    if tree is None:
        return spoil(content, random)
    for _ in range(random.randint(1, 3)):
        _edit_node(tree, random)
    return json.dumps(tree, ensure_ascii=False).encode()


def _edit_node(node: Any, random: Random) -> None:
    """Walk down to some node, and change one of its children."""
    while isinstance(node, dict | list) and node:
        keys = sorted(node) if isinstance(node, dict) else range(len(node))
        key = random.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and random.random() < 0.8:
            node = node[key]
            continue
        if random.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(random.choice(_ODD_VALUES))  # or a later edit would put one into itself
        return
