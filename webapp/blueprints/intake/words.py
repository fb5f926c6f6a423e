"""The sentences of intake: why a file or a page was not read, what was kept, what to do now."""

from dataclasses import dataclass

from webapp.http.locale import _, lazy
from webapp.services.page_problems import Resolution
from webapp.services.phone_shots import Shot


@dataclass(frozen=True, slots=True)
class Reason:
    """What happened, and what to do next."""

    what: str
    advice: str


_FAULT = lazy("Bản quét vẫn được giữ, không cần quét lại. Báo người quản trị; sửa xong thì bấm “Đọc lại”.")
_SCAN_AGAIN = lazy("Đặt tờ phiếu phẳng, đủ bốn góc, rồi quét lại trang này vào một lô mới.")

FILE_REFUSALS: dict[str, Reason] = {
    "empty": Reason(lazy("Tệp rỗng (0 byte)."), lazy("Quét hoặc chép lại tệp rồi tải lên.")),
    "nested_archive": Reason(
        lazy("Tệp nén nằm trong một tệp nén khác, nên không mở."),
        lazy("Giải nén ra, rồi tải lên các tệp quét bên trong."),
    ),
    "not_a_scan": Reason(
        lazy("Đây không phải tệp PDF, TIFF, JPEG, PNG, HEIC hay ZIP."),
        lazy("Chọn đúng tệp quét rồi tải lên."),
    ),
    "encrypted": Reason(lazy("Tệp có mật khẩu."), lazy("Mở tệp, bỏ mật khẩu, lưu lại rồi tải lên.")),
    "damaged": Reason(
        lazy("Tệp bị hỏng, không mở được."), lazy("Chép lại từ máy quét, hoặc quét lại, rồi tải lên.")
    ),
    "no_pages": Reason(lazy("Tệp không có trang nào."), lazy("Quét lại rồi tải lên.")),
    "too_large": Reason(
        lazy("Ảnh quá lớn hoặc tệp quá nhiều trang, nên không mở để giữ an toàn cho máy."),
        lazy("Quét lại ở 200–300 dpi, khổ A4, mỗi tệp nhiều nhất 60 tờ."),
    ),
}
_FILE_FAULT = Reason(lazy("Chương trình gặp lỗi với tệp này sau ba lần thử."), _FAULT)

PAGE_PROBLEMS: dict[str, Reason] = {
    "unknown_form": Reason(
        lazy("Mã trên trang thuộc một mẫu phiếu mà chương trình không có."),
        lazy("Nếu là phiếu của đợt khác, để riêng ra. Nếu là phiếu đợt này, báo người quản trị."),
    ),
    "damaged_code": Reason(
        lazy("Không đọc được mã vuông (QR) của trang, hoặc trang không phải phiếu của chương trình."),
        _SCAN_AGAIN,
    ),
    "wrong_scale": Reason(
        lazy("Phiếu được in hoặc quét sai cỡ."), lazy("Quét lại ở cỡ thật (100 %), không thu phóng.")
    ),
    "poor_registration": Reason(
        lazy("Không thấy đủ các dấu định vị, nên không chắc ô nào ở đâu."), _SCAN_AGAIN
    ),
    "streak": Reason(
        lazy("Có vệt dọc của máy quét chạy qua trang."), lazy("Lau kính máy quét rồi quét lại trang này.")
    ),
    "poor_image": Reason(lazy("Ảnh quá mờ, quá tối hoặc bị hỏng."), _SCAN_AGAIN),
    "unreadable": Reason(lazy("Không đọc được trang này."), _SCAN_AGAIN),
    "trial_sheet": Reason(
        lazy("Đây là phiếu thử máy, không phải phiếu trả lời."),
        lazy("Rút tờ này ra khỏi chồng phiếu. Muốn thử máy, vào “In phiếu”, mục “Phiếu thử máy”."),
    ),
    "unknown_serial": Reason(
        lazy("Mã đọc được, nhưng số phiếu này chưa từng được in trong chu kỳ."),
        lazy("Kiểm tra phiếu có thuộc chu kỳ này không; để riêng và báo người quản trị nếu có."),
    ),
    "differing_copy": Reason(
        lazy(
            "Tờ phiếu này đã được đọc từ một bản quét khác. Hai bản có câu trả lời khác nhau, "
            "hoặc có quá ít câu máy đọc chắc để biết có phải cùng một tờ không."
        ),
        lazy("So hai bản dưới đây, chọn bản được tính và ghi lý do. Bản kia vẫn được giữ."),
    ),
    "voided_sheet": Reason(
        lazy("Phiếu này đã được thay bằng phiếu in lại, nên không còn tính."),
        lazy("Gạch bỏ tờ phiếu cũ; chỉ quét tờ in lại."),
    ),
    "wrong_identity": Reason(
        lazy("Mã trên trang không khớp với phiếu đã in mang số này."),
        lazy("Không tính tờ này. Để riêng và báo người quản trị."),
    ),
    "too_large": Reason(
        lazy("Ảnh của trang quá lớn, nên không mở để giữ an toàn cho máy."),
        lazy("Quét lại trang này ở 200–300 dpi, khổ A4."),
    ),
    "damaged": Reason(lazy("Ảnh của trang bị hỏng trong tệp."), _SCAN_AGAIN),
}
_PAGE_FAULT = Reason(
    lazy("Chương trình gặp lỗi với trang này sau ba lần thử; các trang khác không bị ảnh hưởng."), _FAULT
)

RESOLUTIONS = {
    Resolution.NOT_A_FORM: lazy("Không phải phiếu"),
    Resolution.NEEDS_RESCAN: lazy("Cần quét lại"),
    Resolution.VOIDED: lazy("Bản cũ – hủy"),
    Resolution.RESCANNED: lazy("Đã quét lại"),
    Resolution.UNUSABLE: lazy("Không dùng được, bỏ tờ này"),
}
COPY_RESOLUTIONS = {Resolution.FIRST_COUNTS: lazy("Giữ bản đang được tính")}

PAGE_STATES = {
    "waiting": (lazy("đang chờ"), "waiting"),
    "reading": (lazy("đang đọc"), "working"),
    "read": (lazy("đã đọc"), "done"),
    "duplicate": (lazy("trùng"), "neutral"),
    "blank": (lazy("trắng"), "neutral"),
    "separator": (lazy("tờ ngăn"), "neutral"),
    "cover": (lazy("phiếu bìa"), "neutral"),
    "problem": (lazy("có vấn đề"), "problem"),
    "trashed": (lazy("trong thùng rác"), "neutral"),
}

READING_STATUSES = {
    "read": lazy("đọc được"),
    "flagged": lazy("đọc được, có chỗ máy không chắc"),
    "refused": lazy("không đọc được"),
}

# Flags on a page (docs/glossary.md); those on an answer are the reviewers'.
PAGE_FLAGS = {
    "poor_registration": lazy("căn chỉnh kém"),
    "streak": lazy("vệt sọc"),
    "unknown_form": lazy("không nhận ra mẫu phiếu"),
    "damaged_code": lazy("mã bị hỏng"),
    "blank_page": lazy("trang trắng"),
    "poor_image": lazy("ảnh kém"),
    "cover_slip": lazy("phiếu bìa"),
    "separator": lazy("tờ ngăn lô"),
    "wrong_scale": lazy("sai tỉ lệ"),
    "duplicate_sheet": lazy("quét trùng"),
    "missing_page": lazy("thiếu mặt"),
}

_CORNERS = {
    "top_left": lazy("góc trên bên trái"),
    "top_right": lazy("góc trên bên phải"),
    "bottom_right": lazy("góc dưới bên phải"),
    "bottom_left": lazy("góc dưới bên trái"),
}
_SHOT_CAUSES = {
    "poor_image": lazy("Ảnh mờ hoặc tối."),
    "poor_registration": lazy("Ảnh cong hoặc thiếu góc."),
    "damaged_code": lazy("Không thấy mã vuông (QR) của phiếu."),
    "blank": lazy("Không thấy gì trên giấy."),
    "streak": lazy("Có vệt sọc trên ảnh."),
    "wrong_scale": lazy("Chụp quá xa hoặc sai cỡ."),
}


class _SideNames(dict[int, str]):
    """What a side is called; pages of a booklet go on from there by their number."""

    def __missing__(self, side: int) -> str:
        return _("trang %(number)s", number=side)


SIDES = _SideNames({1: lazy("mặt trước"), 2: lazy("mặt sau")})


def file_refusal(code: str | None) -> Reason:
    """Why a file was not taken in."""
    return FILE_REFUSALS.get(code or "", _FILE_FAULT)


def page_problem(code: str | None) -> Reason:
    """Why a page was not read."""
    return PAGE_PROBLEMS.get(code or "", _PAGE_FAULT)


def shot_verdict(shot: Shot) -> str:
    """What the photographer reads under a shot that has to be taken again, or is known already."""
    if shot.verdict == "refused":
        return file_refusal(shot.cause).what
    if shot.missing_corners:
        corners = [str(_CORNERS[corner]) for corner in shot.missing_corners]
        return _("Thiếu %(corners)s. Chụp lại.", corners=_(" và ").join(corners))
    if shot.cause in _SHOT_CAUSES:
        return _("%(cause)s Chụp lại.", cause=_SHOT_CAUSES[shot.cause])
    return str(page_problem(shot.cause).what)
