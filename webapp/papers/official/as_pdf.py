"""An official document as PDF, set by Typst with the fonts that the forms are printed with."""

from pathlib import Path

from webapp.papers.as_pdf import compile_paper, table_words
from webapp.papers.official import decree
from webapp.papers.official.document import Appendix, Block, OfficialDocument, Signature
from webapp.papers.signed_paper import Table

_SOURCE = Path(__file__).parent / "official.typ"
_RULES = {name.lower(): value for name, value in vars(decree).items() if name.isupper()}


def write(document: OfficialDocument, fonts_dir: Path) -> bytes:
    """The document as bytes; only the fonts in `fonts_dir` are used.

    Raises:
        EngineFailed: Typst refused it.
    """
    head, closing = document.letterhead, document.closing
    words = {
        "rules": _RULES,
        "superior": list(head.superior),
        "issuer": list(head.issuer),
        "number": head.number,
        "place_and_day": head.place_and_day,
        "title": document.title,
        "subject": document.subject,
        "blocks": [_block(block) for block in document.blocks],
        "right": _signature(closing.right),
        "left": None if closing.left is None else _signature(closing.left),
        "recipients": list(closing.recipients),
        "appendices": [_appendix(appendix) for appendix in document.appendices],
        "marks": " · ".join(document.marks),
        "foot": document.foot,
    }
    return compile_paper(_SOURCE, words, fonts_dir)


def _block(block: Block) -> dict[str, object]:
    if isinstance(block, Table):
        return {"style": "table", **table_words(block)}
    return {"style": block.style, "words": block.words, "lead": block.lead}


def _signature(signature: Signature) -> dict[str, object]:
    return {"capacity": list(signature.capacity), "name": signature.name}


def _appendix(appendix: Appendix) -> dict[str, object]:
    return {
        "number": appendix.number,
        "title": appendix.title,
        "attached": appendix.attached,
        "blocks": [_block(block) for block in appendix.blocks],
        "is_wide": appendix.is_wide,
    }
