"""What an uploaded document really is, told from its content; its name is never believed."""

import re
import unicodedata
import zipfile
import zlib
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from webapp.errors import InvalidInput

MAX_IMAGE_PIXELS = 80_000_000  # larger pictures are refused before anybody's browser has to unpack them
_MAX_ZIP_ENTRIES = 5_000
_ZIP_ENTRY = b"PK\x01\x02"  # what every entry of an archive's directory begins with
_MAX_NAME_LENGTH = 120
_EXTENSIONS = {
    "pdf": (".pdf",),
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg"),
    "docx": (".docx",),
    "xlsx": (".xlsx",),
    "doc": (".doc",),
    "xls": (".xls",),
}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
}
# Names of devices on Windows: a file cannot be saved under one, whatever its ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_MACROS = tuple("_VBA_PROJECT".encode(encoding) for encoding in ("utf-16-le", "ascii"))
_CONTENT_TYPES = "[Content_Types].xml"
_MAX_CONTENT_TYPES_BYTES = 1_000_000
# What reading a part of a broken, locked or oddly packed archive ends in.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, EOFError)


def find_kind(stream: BinaryIO, name: str) -> str:
    """The kind of the document in `stream` (a key of MEDIA_TYPES); the stream is rewound.

    Raises:
        InvalidInput: it is none of the kinds that are taken, or one with macros, or a picture too large.
    """
    stream.seek(0)
    head = stream.read(16)
    kind = _kind_by_magic(head, stream, name)
    stream.seek(0)
    if kind is None:
        raise InvalidInput(
            "Tệp “%(name)s” không phải PDF, ảnh (PNG, JPEG), Word hay Excel. Tệp này chưa được nhận, những gì"
            " đã nhập vẫn còn. Hãy lưu tài liệu thành PDF rồi tải lại.",
            name=name,
        )
    return kind


def _kind_by_magic(head: bytes, stream: BinaryIO, name: str) -> str | None:
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _image_kind(stream, name)
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(stream, name)
    if head.startswith(_OLE_MAGIC):
        return _old_office_kind(stream, name)
    return None


def _image_kind(stream: BinaryIO, name: str) -> str | None:
    """PNG or JPEG; only the header is read, so a picture that unpacks to gigabytes does no harm."""
    stream.seek(0)
    try:
        with Image.open(stream, formats=("PNG", "JPEG")) as image:
            width, height = image.size
            kind = (image.format or "").lower()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        width, height, kind = MAX_IMAGE_PIXELS, 2, "png"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    if width * height > MAX_IMAGE_PIXELS:
        raise InvalidInput(
            "Ảnh “%(name)s” quá lớn (hơn %(limit)s triệu điểm ảnh). Chụp hoặc quét lại nhỏ hơn rồi tải lại.",
            name=name,
            limit=MAX_IMAGE_PIXELS // 1_000_000,
        )
    return kind


def _office_kind(stream: BinaryIO, name: str) -> str | None:
    stream.seek(0)
    if stream.read().count(_ZIP_ENTRY) > _MAX_ZIP_ENTRIES:  # counted before each becomes an object
        return None
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.namelist()
            if _CONTENT_TYPES not in entries:
                return None
            with archive.open(_CONTENT_TYPES) as listed:
                content_types = listed.read(_MAX_CONTENT_TYPES_BYTES + 1)
    except _UNREADABLE:
        return None
    if len(content_types) > _MAX_CONTENT_TYPES_BYTES:
        return None
    if any("vbaproject" in entry.lower() for entry in entries) or _lists_macros(content_types):
        raise _macros_in(name)
    if "word/document.xml" in entries:
        return "docx"
    return "xlsx" if "xl/workbook.xml" in entries else None


def _lists_macros(content_types: bytes) -> bool:
    """Whether the package says that one of its parts is a VBA project, whatever that part is called."""
    plain = content_types.replace(b"\x00", b"").lower()  # also where it is written in UTF-16
    return b"vbaproject" in plain or b"macroenabled" in plain


def _macros_in(name: str) -> InvalidInput:
    return InvalidInput(
        "Tệp “%(name)s” có chứa macro nên chưa được nhận. Hãy lưu lại thành docx, xlsx không có macro,"
        " hoặc PDF, rồi tải lại.",
        name=name,
    )


def _old_office_kind(stream: BinaryIO, name: str) -> str | None:
    """Word and Excel 97–2003 name their streams in UTF-16 within the compound file, macros among them."""
    stream.seek(0)
    content = stream.read()
    capital = content.upper()
    if any(mark in capital for mark in _OLE_MACROS):
        raise _macros_in(name)
    if "WordDocument".encode("utf-16-le") in content:
        return "doc"
    names = ("Workbook", "Book")
    return "xls" if any(name.encode("utf-16-le") in content for name in names) else None


def clean_name(name: str, kind: str | None = None) -> str:
    """A name that is safe to show and to save under: no folders, no control signs, the kind's extension."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(sign for sign in base if unicodedata.category(sign)[0] != "C")
    tidy = re.sub(r'[\s"<>|:*?]+', " ", visible).strip(" .")
    stem = tidy[:_MAX_NAME_LENGTH] or "tai-lieu"
    stem = f"_{stem}" if _DEVICES.match(stem) else stem
    if kind is None or stem.lower().endswith(_EXTENSIONS[kind]):
        return stem
    return stem + _EXTENSIONS[kind][0]
