"""Quyết định phê duyệt và công bố kết quả, with the rankings and component scores as its appendices."""

from collections.abc import Sequence

from webapp.papers.official.document import Closing, OfficialDocument, Style, Text
from webapp.papers.official.figures import appendices_of, level_sentence, levels_of, roman
from webapp.papers.official.office import Office
from webapp.papers.official.wording import Wording, ended
from webapp.papers.publication.edition import Edition


def compose(
    edition: Edition, office: Office, wording: Wording, marks: Sequence[str], small_print: Sequence[str]
) -> OfficialDocument:
    """The decision on this version."""
    year = edition.made_at.year
    attached = office.attachment("Quyết định", "QĐ", year)
    return OfficialDocument(
        letterhead=office.letterhead("QĐ", year),
        title="QUYẾT ĐỊNH",
        subject=f"Phê duyệt và công bố kết quả xác định Chỉ số cải cách hành chính năm {edition.year}",
        blocks=[
            Text(" ".join(office.issuer), Style.CENTRED),
            *_bases(wording),
            Text("QUYẾT ĐỊNH:", Style.CENTRED),
            *_articles(edition, wording),
        ],
        closing=Closing(office.signature(wording.texts["signatory"]), None, wording.lines("recipients")),
        appendices=appendices_of(edition, attached),
        marks=marks,
        small_print=small_print,
    )


def _bases(wording: Wording) -> list[Text]:
    """Each on its own line with a semicolon, the last with a stop."""
    lines = wording.lines("bases")
    return [
        Text(ended(line, "." if place == len(lines) else ";"), Style.BASIS)
        for place, line in enumerate(lines, 1)
    ]


def _articles(edition: Edition, wording: Wording) -> list[Text]:
    levels = levels_of(edition)
    subject = f"kết quả xác định Chỉ số cải cách hành chính năm {edition.year}"
    results = [
        Text(
            f"{place}. {level_sentence(edition, level)}"
            f" (chi tiết tại Phụ lục {roman(place)} và Phụ lục {roman(place + len(levels))})."
        )
        for place, level in enumerate(levels, 1)
    ]
    return [
        Text(f"Phê duyệt và công bố {subject}, cụ thể như sau:", lead="Điều 1."),
        *results,
        Text(ended(wording.text("duties"), "."), lead="Điều 2."),
        Text("Quyết định này có hiệu lực kể từ ngày ký.", lead="Điều 3."),
        Text(ended(wording.text("doers"), "./."), lead="Điều 4."),
    ]
