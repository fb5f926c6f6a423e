"""The words on the paper that a machine reads back: the sheet's serial, and the code on each side.

The code is `CD1.<form>.<version>.<group>.<unit>.<serial>.<page>.<check>`, all characters of QR's
alphanumeric set; the check is a CRC-16 over the rest, so a damaged or foreign code is refused.
A page of a booklet says `CDB.<form>.<version>.<group>.<rows>.<serial>.<page>.<check>` (`ocr.booklet`).
The serial carries a Damm check digit, so a mistyped or misread digit, or two swapped, is refused.
"""

import binascii
import re

from ocr.errors import CodeRefused
from ocr.model import SheetIdentity

PREFIX = "CD1"
BOOKLET_PREFIX = "CDB"
# Every page of a booklet has the markers and code places of this side of a form.
BOOKLET_SIDE = 2
# What every code of a sheet or a booklet begins with.
OWN_STARTS = (f"{PREFIX}.", f"{BOOKLET_PREFIX}.")
# What a separator sheet says: no form, no serial; it only divides a stack.
SEPARATOR_CODE = "CDS.LO.MOI"

# Quasigroup of order 10 (H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004).
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_PACK = re.compile(r"B([0-9]{4,9})")
_SERIAL = re.compile(r"[0-9]{6,12}")
_CODE = re.compile(
    r"(?P<body>CD1\.(?P<form>[A-Z0-9]{1,8})\.(?P<version>[1-9][0-9]{0,2})\.(?P<group>[A-Z0-9]{1,8})"
    r"\.(?P<unit>[A-Z0-9]{1,12})\.(?P<serial>[0-9]{6,12})\.(?P<page>[12]))\.(?P<check>[0-9A-F]{4})"
)
_BOOKLET_CODE = re.compile(
    r"(?P<body>CDB\.(?P<form>[A-Z0-9]{1,8})\.(?P<version>[1-9][0-9]{0,2})\.(?P<group>[A-Z0-9]{1,8})"
    r"\.(?P<rows>(?!000)[0-9]{3})\.(?P<serial>[0-9]{6,12})\.(?P<page>(?!00)[0-9]{2}))\.(?P<check>[0-9A-F]{4})"
)


def check_digit(number: int) -> int:
    """The Damm check digit of a number >= 0."""
    state = 0
    for digit in str(number):
        state = int(_DAMM[state][int(digit)])
    return state


def serial_text(serial: int) -> str:
    """The printed form of a serial: at least five digits, a hyphen, the check digit ("01742-6")."""
    return f"{serial:05d}-{check_digit(serial)}"


def serial_from_text(text: str) -> int:
    """Read a typed or scanned serial; spaces and the hyphen are optional.

    Raises:
        CodeRefused: not digits, or the check digit does not fit.
    """
    digits = re.sub(r"[\s\-–]", "", text)
    if _SERIAL.fullmatch(digits) is None:
        raise CodeRefused(f"“{text}” không phải số phiếu (ví dụ: {serial_text(1742)}).")
    serial = int(digits[:-1])
    if check_digit(serial) != int(digits[-1]):
        raise CodeRefused(f"Số phiếu {text} sai chữ số kiểm tra. Xem lại số in trên phiếu.")
    return serial


def pack_code(number: int) -> str:
    """The code of a pack, typed or scanned: a letter, at least three digits, the check digit ("B017-4")."""
    return f"B{number:03d}-{check_digit(number)}"


def is_pack_code(text: str) -> bool:
    """Whether this is a pack's code exactly as its cover slip bears it."""
    try:
        return pack_code_from_text(text) == text
    except CodeRefused:
        return False


def pack_code_from_text(text: str) -> str:
    """A typed or scanned pack code as it is printed; spaces, the hyphen and small letters are allowed.

    Raises:
        CodeRefused: no pack's code, or the check digit does not fit.
    """
    match = _PACK.fullmatch(re.sub(r"[\s\-–]", "", text).upper())
    if match is None:
        raise CodeRefused(f"“{text}” không phải mã bộ phiếu (ví dụ: {pack_code(17)}).")
    number = int(match[1][:-1])
    if check_digit(number) != int(match[1][-1]):
        raise CodeRefused(f"Mã bộ phiếu {text} sai chữ số kiểm tra. Xem lại mã in trên phiếu bìa.")
    return pack_code(number)


def code_text(identity: SheetIdentity) -> str:
    """What the code on one side of a sheet says."""
    serial = serial_text(identity.serial).replace("-", "")
    start, about, page = PREFIX, identity.unit, str(identity.page)
    if identity.rows:
        start, about, page = BOOKLET_PREFIX, f"{identity.rows:03d}", f"{identity.page:02d}"
    body = ".".join((start, identity.form, str(identity.version), identity.group, about, serial, page))
    code = f"{body}.{_crc(body)}"
    if _match(code) is None:
        raise CodeRefused(f"Không lập được mã cho tờ phiếu: {body}")
    return code


def identity_from_code(text: str) -> SheetIdentity:
    """Read a code back.

    Raises:
        CodeRefused: foreign, damaged, or its checks do not fit; nothing is ever guessed.
    """
    match = _match(text)
    if match is None:
        raise CodeRefused("Mã trên trang không phải mã của Chấm Điểm.")
    if _crc(match["body"]) != match["check"]:
        raise CodeRefused("Mã trên trang bị hỏng (sai tổng kiểm tra).")
    parts = match.groupdict()
    return SheetIdentity(
        form=parts["form"],
        version=int(parts["version"]),
        group=parts["group"],
        unit=parts.get("unit", ""),
        serial=serial_from_text(parts["serial"]),
        page=int(parts["page"]),
        rows=int(parts.get("rows", 0)),
    )


def _match(code: str) -> re.Match[str] | None:
    return _CODE.fullmatch(code) or _BOOKLET_CODE.fullmatch(code)


def _crc(body: str) -> str:
    return f"{binascii.crc_hqx(body.encode('ascii', 'replace'), 0xFFFF):04X}"
