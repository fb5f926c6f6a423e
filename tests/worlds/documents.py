"""Documents as people (and worse) upload them, made in memory."""

import io
import zipfile
import zlib

import pikepdf
from PIL import Image


def pdf_bytes(pages: int = 1, password: str | None = None) -> bytes:
    """A PDF of empty A4 pages; `password` locks it."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    out = io.BytesIO()
    lock = pikepdf.Encryption(user=password, owner="owner") if password else False
    document.save(out, encryption=lock, deterministic_id=not lock)
    return out.getvalue()


def image_bytes(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """A white picture."""
    out = io.BytesIO()
    Image.new("L", size, 255).save(out, kind)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A small file whose header claims a picture of this size."""
    small = image_bytes("PNG")
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]


def office_bytes(*entries: str, content_types: str = "<x/>") -> bytes:
    """A package with these parts; docx and xlsx are told apart by theirs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", content_types.encode("latin-1"))
        for entry in entries:
            package.writestr(entry, "<x/>")
    return out.getvalue()


def old_office_bytes(stream_name: str) -> bytes:
    """The beginning of a compound file (Word or Excel 97–2003) with one named stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream_name.encode("utf-16-le")


HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
