"""What the faults of the chain are called."""

from webapp.http.locale import lazy
from webapp.services.log_chain import Fault

FAULTS = {
    Fault.MISSING: lazy("dòng này không còn, dù có dòng sau nó"),
    Fault.UNLINKED: lazy("dòng này không nối với dòng trước"),
    Fault.CHANGED: lazy("nội dung dòng này đã bị sửa"),
    Fault.REWRITTEN: lazy("nhật ký đã bị viết lại sau lần kiểm tra trước"),
    Fault.CUT: lazy("từ dòng này trở đi đã bị cắt mất"),
}
