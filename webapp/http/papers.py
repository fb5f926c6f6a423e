"""Papers to sign and official documents, sent as files: docx, xlsx and PDF."""

from dataclasses import replace

from flask import Response, make_response

from webapp.errors import NotFound
from webapp.http.context import settings
from webapp.http.locale import _
from webapp.http.log import log_reading
from webapp.papers.official.document import OfficialDocument
from webapp.papers.signed_paper import SignedPaper

_SUBJECT_LENGTH = 120
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}


def send_paper(paper: SignedPaper, kind: str, name: str) -> Response:
    """The paper as a file of this kind; its foot names the log entry that tells of it.

    Raises:
        NotFound: a kind that we do not make.
    """
    if kind not in MEDIA_TYPES:
        raise NotFound("Giấy tờ này có dạng docx, xlsx và pdf.")
    head = log_reading("paper_made", f"paper/{name}.{kind}"[:_SUBJECT_LENGTH])
    foot = _("%(foot)s · Nhật ký %(mark)s", foot=paper.frame.foot, mark=head.mark)
    return send_file_bytes(_drawn(replace(paper, frame=replace(paper.frame, foot=foot)), kind), kind, name)


def send_official(document: OfficialDocument, kind: str, name: str) -> Response:
    """The official document as docx or PDF; its small print names the log entry that tells of it.

    Raises:
        NotFound: a kind that we do not make.
    """
    if kind not in ("docx", "pdf"):
        raise NotFound("Văn bản này có dạng docx và pdf.")
    marks = {"marks": list(document.marks)} if document.marks else {}
    head = log_reading("paper_made", f"paper/{name}.{kind}"[:_SUBJECT_LENGTH], **marks)
    small_print = [*document.small_print, f"Nhật ký {head.mark}"]  # Vietnamese like all of the document
    return send_file_bytes(_set(replace(document, small_print=small_print), kind), kind, name)


def send_file_bytes(data: bytes, kind: str, name: str) -> Response:
    """Saved by the browser, kept by no cache: names stand in it."""
    response = make_response(data)
    response.headers["Content-Type"] = MEDIA_TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _set(document: OfficialDocument, kind: str) -> bytes:
    """Late imports, as below."""
    if kind == "pdf":
        from webapp.papers.official import as_pdf

        return as_pdf.write(document, settings().forms_dir / "_fonts")
    from webapp.papers.official import as_docx

    return as_docx.write(document)


def _drawn(paper: SignedPaper, kind: str) -> bytes:
    """Late imports: the makers of office files are heavy, and bring an array library into the web process."""
    if kind == "pdf":
        from webapp.papers import as_pdf

        return as_pdf.write(paper, settings().forms_dir / "_fonts")
    if kind == "docx":
        from webapp.papers import as_docx

        return as_docx.write(paper)
    from webapp.papers import as_xlsx

    return as_xlsx.write(paper)
