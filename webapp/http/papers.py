"""Papers to sign, sent as files: docx, xlsx and PDF."""

from flask import Response, make_response

from webapp.errors import NotFound
from webapp.http.context import settings
from webapp.papers.signed_paper import SignedPaper

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def send_paper(paper: SignedPaper, kind: str, name: str) -> Response:
    """The paper as a file of this kind.

    Raises:
        NotFound: a kind that we do not make.
    """
    if kind not in MEDIA_TYPES:
        raise NotFound("Giấy tờ này có dạng docx, xlsx và pdf.")
    return send_file_bytes(_drawn(paper, kind), kind, name)


def send_file_bytes(data: bytes, kind: str, name: str) -> Response:
    """Saved by the browser, kept by no cache: names stand in it."""
    response = make_response(data)
    response.headers["Content-Type"] = MEDIA_TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


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
