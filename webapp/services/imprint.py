"""How an office's name stands at the top of its forms."""

from ocr.typeset import Imprint

_PEOPLES_COMMITTEE = "UBND "


def imprint_of(office_name: str, year: int) -> Imprint:
    """“UBND huyện Bố Trạch” becomes two lines: Ủy ban nhân dân / huyện Bố Trạch (Decree 30/2020)."""
    if office_name.startswith(_PEOPLES_COMMITTEE):
        return Imprint("Ủy ban nhân dân", office_name.removeprefix(_PEOPLES_COMMITTEE), year)
    return Imprint("", office_name, year)
