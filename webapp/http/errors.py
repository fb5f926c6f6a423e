"""One table from an error's code to its status and words: what a person sees when something fails."""

import errno
import logging
import secrets
from dataclasses import dataclass

from flask import (
    Flask,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from ocr.errors import OcrError
from webapp.errors import AppError, NotPermitted
from webapp.http import htmx
from webapp.http.access import PasswordDue
from webapp.http.csrf import TokenMissing
from webapp.http.locale import SOURCE_LANGUAGE, gettext, lazy
from webapp.http.log import log_refusal
from webapp.http.places import own_page, this_page
from webapp.http.transaction import roll_back
from webapp.par_index.errors import AppraisalError
from webapp.storage import is_disk_full

_log = logging.getLogger("chamdiem")
_UNAUTHORIZED = 401
_FAULT = 500


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What happened, and what was kept or is to be done."""

    status: int
    title: str
    advice: str


_RETRY = lazy("Thử lại; nếu vẫn vậy, báo người quản trị.")
_FIX = lazy("Sửa chỗ được nêu rồi gửi lại; các phần khác vẫn được giữ.")
_PAPER = lazy("Kiểm tra tệp rồi thử lại; các tệp khác không bị ảnh hưởng.")

ERROR_TEXTS: dict[str, ErrorText] = {
    # webapp.errors
    "app_error": ErrorText(400, lazy("Chưa làm được việc này"), _RETRY),
    "not_permitted": ErrorText(403, lazy("Bạn không được giao việc này"), lazy(
        "Nếu cần, nhờ người quản trị đổi vai trò của tài khoản.")),
    "not_found": ErrorText(404, lazy("Không tìm thấy"), lazy(
        "Địa chỉ có thể đã cũ, hoặc mục này không thuộc đơn vị của bạn. Bắt đầu lại từ Bảng việc.")),
    "no_campaign": ErrorText(404, lazy("Chưa có chu kỳ đánh giá nào"), lazy(
        "Không có gì bị mất. Báo người quản trị nếu chu kỳ này lẽ ra đã mở.")),
    "stale_version": ErrorText(409, lazy("Vừa có người khác sửa mục này"), lazy(
        "Bản của cả hai người đều được giữ. Tải lại trang để xem bản mới nhất.")),
    "locked": ErrorText(409, lazy("Mục này đã khóa"), lazy(
        "Những gì đã lưu vẫn còn nguyên và vẫn xem được.")),
    "claim_lost": ErrorText(409, lazy("Đã hết giờ giữ mục này"), lazy(
        "Người khác đang làm mục này. Việc bạn đã làm trước đó vẫn được giữ.")),
    "log_broken": ErrorText(409, lazy("Nhật ký không còn nguyên vẹn"), lazy(
        "Không có gì bị xóa thêm. Báo người quản trị và người kiểm tra; giữ nguyên máy và bản sao lưu.")),
    "invalid_input": ErrorText(422, lazy("Nội dung nhập chưa hợp lệ"), _FIX),
    "upload_too_large": ErrorText(413, lazy("Tệp quá lớn"), lazy(
        "Chia thành nhiều tệp nhỏ hơn rồi tải lên từng tệp.")),
    "disk_full": ErrorText(507, lazy("Đĩa của máy chủ đã đầy"), lazy(
        "Những gì đã nhận trước đó vẫn còn nguyên. Báo người quản trị dọn chỗ trống, rồi tải lại tệp này.")),
    "disk_read_only": ErrorText(507, lazy("Đĩa của máy chủ không ghi được"), lazy(
        "Việc vừa làm chưa được lưu; những gì đã lưu trước đó vẫn còn nguyên. "
        "Báo người quản trị kiểm tra đĩa, rồi làm lại.")),
    # webapp.par_index.errors
    "appraisal_error": ErrorText(422, lazy("Chưa chấm được như vậy"), _FIX),
    "scheme_invalid": ErrorText(500, lazy("Bộ chỉ số có lỗi"), lazy(
        "Điểm đã nhập không mất. Báo người quản trị sửa bộ chỉ số rồi nạp lại.")),
    "facts_invalid": ErrorText(422, lazy("Số liệu chưa đủ hoặc chưa đúng"), _FIX),
    "score_out_of_range": ErrorText(422, lazy("Điểm ngoài khung"), _FIX),
    "evidence_required": ErrorText(422, lazy("Còn thiếu minh chứng hoặc giải trình"), lazy(
        "Đính kèm tài liệu, hoặc viết giải trình, rồi gửi lại.")),
    "reason_required": ErrorText(422, lazy("Còn thiếu lý do"), lazy("Ghi lý do rồi lưu lại.")),
    "not_applicable_refused": ErrorText(422, lazy("Tiêu chí này không được bỏ qua"), _FIX),
    "survey_not_self_scored": ErrorText(422, lazy("Điểm này do điều tra xã hội học quyết định"), lazy(
        "Không cần chấm tiêu chí này; điểm tính từ phiếu.")),
    "transition_not_allowed": ErrorText(409, lazy("Bản tự chấm vừa chuyển sang bước khác"), lazy(
        "Tải lại trang để xem bước hiện tại.")),
    "answer_unknown": ErrorText(500, lazy("Mẫu phiếu và bộ chỉ số không khớp nhau"), lazy(
        "Không câu trả lời nào bị mất. Báo người quản trị kiểm tra mẫu phiếu.")),
    "survey_incomplete": ErrorText(422, lazy("Chưa đủ số liệu để tính chỉ số"), lazy(
        "Hoàn thành các phần còn thiếu rồi tính lại.")),
    "snapshot_invalid": ErrorText(422, lazy("Tệp số liệu không dùng được"), lazy(
        "Dùng đúng tệp do chương trình xuất ra, chưa sửa.")),
    # ocr.errors
    "ocr_error": ErrorText(422, lazy("Không đọc được bản quét"), _PAPER),
    "scan_unreadable": ErrorText(422, lazy("Không mở được tệp quét"), _PAPER),
    "scan_too_large": ErrorText(413, lazy("Tệp quét quá lớn"), lazy(
        "Quét ở 200–300 dpi, tối đa 60 tờ một tệp, rồi tải lên lại.")),
    "template_invalid": ErrorText(500, lazy("Mẫu phiếu bị lỗi"), lazy(
        "Dữ liệu không mất. Báo người quản trị kiểm tra thư mục mẫu phiếu.")),
    "engine_missing": ErrorText(500, lazy("Máy chủ thiếu một chương trình cần để đọc phiếu"), lazy(
        "Dữ liệu không mất. Báo người quản trị cài đủ các gói cần thiết.")),
    "engine_failed": ErrorText(500, lazy("Chương trình đọc phiếu bị lỗi"), lazy(
        "Dữ liệu không mất. Thử lại; nếu vẫn vậy, báo người quản trị.")),
    "registration_failed": ErrorText(422, lazy("Không tìm thấy các dấu định vị trên trang"), lazy(
        "Quét lại trang này, đặt giấy thẳng và đủ bốn góc.")),
    "code_refused": ErrorText(422, lazy("Mã hoặc số phiếu không hợp lệ"), lazy(
        "Kiểm tra lại số in trên phiếu; chương trình không đoán số phiếu.")),
    # what Flask and werkzeug raise
    "csrf_missing": ErrorText(400, lazy("Trang đã cũ nên yêu cầu không được nhận"), lazy(
        "Chưa có gì thay đổi. Tải lại trang rồi làm lại; trình duyệt phải cho phép cookie của trang này.")),
    "bad_request": ErrorText(400, lazy("Yêu cầu không đầy đủ"), _RETRY),
    "method_not_allowed": ErrorText(405, lazy("Địa chỉ này không mở được theo cách đó"), lazy(
        "Bắt đầu lại từ Bảng việc.")),
    "fault": ErrorText(500, lazy("Chương trình gặp lỗi"), lazy(
        "Lần bấm cuối chưa được lưu; những gì đã lưu trước đó vẫn còn. Thử lại; nếu vẫn vậy, đọc mã sự cố "
        "này cho người quản trị.")),
}  # fmt: skip

_CODE_OF_STATUS = {400: "bad_request", 403: "not_permitted", 404: "not_found", 405: "method_not_allowed",
                   413: "upload_too_large"}  # fmt: skip


def install_errors(app: Flask) -> None:
    """Turn every error into a page or, for htmx, into a message that leaves the form as it was."""
    app.register_error_handler(AppError, _show_app_error)
    app.register_error_handler(AppraisalError, _show_app_error)
    app.register_error_handler(PasswordDue, lambda _error: _leave_for(url_for("accounts.show_account")))
    app.register_error_handler(OcrError, _show_library_error)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(InternalServerError, _show_fault)


def _show_app_error(error: AppError | AppraisalError) -> Response:
    """The error's own words, under its title."""
    detail = gettext(error.message, **error.values)
    if isinstance(error, NotPermitted):
        log_refusal(error.code)
    return show_error(error.code, detail)


def _show_library_error(error: OcrError) -> Response:
    """Library errors speak through the table only: their texts were not written for this page."""
    _log.warning("%s: %s", error.code, error)
    return show_error(error.code)


def _show_http_error(error: HTTPException) -> Response:
    """Flask's and werkzeug's own refusals."""
    if error.code == _UNAUTHORIZED:
        return _send_to_sign_in()
    if error.response is not None:  # a redirect raised by the router
        return error.get_response()  # type: ignore[return-value]  # werkzeug's type for Flask's object
    if isinstance(error, TokenMissing):
        return show_error(error.name)
    return show_error(_CODE_OF_STATUS.get(error.code or _FAULT, "bad_request"), status=error.code)


def _show_fault(error: InternalServerError) -> Response:
    """A bug: the trace goes to the log under a number that can be read over the telephone."""
    g.setdefault("language", session.get("locale", SOURCE_LANGUAGE))  # the database may be what is broken
    disk = _fault_of_disk(error.original_exception)
    if disk is not None:
        return show_error(disk)
    incident = f"{secrets.randbelow(10**8):08d}"
    where = {"method": request.method, "path": request.path, "endpoint": request.endpoint}
    _log.error(
        "incident %s: %s %s",
        incident, request.method, request.path,
        exc_info=error.original_exception, extra={"incident": incident, **where},
    )  # fmt: skip
    return show_error("fault", incident=f"{incident[:4]} {incident[4:]}")


def _fault_of_disk(cause: BaseException | None) -> str | None:
    """What is wrong with the disk, if it refused an upload or the database; None where it is not the disk."""
    if isinstance(cause, OSError) and is_disk_full(cause):
        return "disk_full"
    if isinstance(cause, OSError):
        return "disk_read_only" if cause.errno == errno.EROFS else None
    said = str(cause.orig) if isinstance(cause, OperationalError) else ""
    words = {"disk is full": "disk_full", "readonly database": "disk_read_only", "disk I/O": "disk_read_only"}
    return next((code for told, code in words.items() if told in said), None)


def show_error(
    code: str, detail: str | None = None, *, incident: str | None = None, status: int | None = None
) -> Response:
    """Undo the request's changes and say what happened: a page, or a message beside what is on the screen."""
    roll_back()
    text = ERROR_TEXTS[code]
    fragment = htmx.wants_fragment()
    template = "errors/_message.html" if fragment else "errors/page.html"
    shown = render_template(template, text=text, detail=detail, incident=incident, code=code)
    response = make_response(shown, status or text.status)
    if fragment:
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
    response.vary.update(htmx.VARY)
    return response


def _send_to_sign_in() -> Response:
    """Sign in first, then come back to this page."""
    back = own_page(request.headers.get("HX-Current-URL")) if htmx.wants_fragment() else this_page()
    address = url_for("accounts.show_sign_in", next=back if back != "/" else None)
    if request.method != "GET":
        flash(gettext("Phiên làm việc đã hết. Lần bấm cuối chưa được lưu; đăng nhập để làm tiếp."))
    return _leave_for(address)


def _leave_for(address: str) -> Response:
    """Another page first; htmx is told in its own way."""
    roll_back()
    if htmx.wants_fragment():
        response = make_response("", _UNAUTHORIZED)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)  # type: ignore[return-value]  # werkzeug's type for Flask's object
