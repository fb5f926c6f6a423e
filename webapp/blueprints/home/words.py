"""What the home page calls the steps, what they count, and the states of a self-score."""

from webapp.http.locale import lazy
from webapp.par_index.workflow import State

STEP_NAMES = {
    "prepare": lazy("Chuẩn bị"),
    "print": lazy("In phiếu"),
    "scan": lazy("Quét phiếu"),
    "review": lazy("Rà soát"),
    "self_score": lazy("Tự chấm"),
    "appraise": lazy("Thẩm định"),
    "publish": lazy("Công bố"),
}
STEP_COUNTS = {
    "prepare": lazy("bộ tiêu chí"),
    "print": lazy("phiếu"),
    "scan": lazy("phiếu đủ hai mặt"),
    "review": lazy("ô và ý kiến"),
    "self_score": lazy("đơn vị"),
    "appraise": lazy("đơn vị"),
    "publish": lazy("bảng kết quả"),
}
STATE_NAMES = {
    State.DRAFT: lazy("Chưa gửi"),
    State.SUBMITTED: lazy("Chờ thẩm định"),
    State.RETURNED: lazy("Đang giải trình"),
    State.APPRAISED: lazy("Đã thẩm định"),
    State.FINAL: lazy("Đã chốt"),
}
STATE_KINDS = {
    State.DRAFT: "waiting",
    State.SUBMITTED: "attention",
    State.RETURNED: "working",
    State.APPRAISED: "done",
    State.FINAL: "done",
}
