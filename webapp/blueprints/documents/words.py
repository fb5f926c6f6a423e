"""What the documents and their passages are called on the screen."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.http.locale import lazy
from webapp.papers.official.wording import Kind


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """A document on the screen: its address, its name, and what it holds."""

    slug: str
    title: str
    holds: str


DOCUMENTS: Mapping[Kind, DocumentWords] = {
    Kind.DECISION: DocumentWords(
        "quyet-dinh",
        lazy("Quyết định phê duyệt, công bố"),
        lazy("Kèm phụ lục: bảng xếp hạng từng cấp, điểm từng tiêu chí thành phần."),
    ),
    Kind.REPORT: DocumentWords(
        "bao-cao",
        lazy("Báo cáo kết quả"),
        lazy("Thẩm định, phiếu điều tra, kết quả theo lĩnh vực, tiêu chí đạt thấp; kèm bảng xếp hạng."),
    ),
    Kind.MINUTES: DocumentWords(
        "bien-ban",
        lazy("Biên bản họp thẩm định"),
        lazy("Từng điểm thành phần thay đổi hoặc không áp dụng, kèm lý do; chỗ ký của thành viên."),
    ),
}
BY_SLUG: Mapping[str, Kind] = {words.slug: kind for kind, words in DOCUMENTS.items()}

# Label and hint of each passage.
PASSAGE_WORDS: Mapping[str, tuple[str, str]] = {
    "bases": (lazy("Căn cứ"), lazy("Mỗi dòng một căn cứ, không cần dấu chấm phẩy.")),
    "duties": (lazy("Điều 2: trách nhiệm của các đơn vị"), ""),
    "doers": (lazy("Điều 4: ai thi hành"), ""),
    "recipients": (lazy("Nơi nhận"), lazy("Mỗi dòng một nơi; dòng cuối là nơi lưu.")),
    "signatory": (lazy("Người ký"), lazy("Danh sách lấy từ mục Người ký của chu kỳ.")),
    "opening": (lazy("Mở đầu"), ""),
    "causes": (lazy("Nguyên nhân của tồn tại, hạn chế"), ""),
    "proposals": (lazy("Đề xuất, kiến nghị"), ""),
    "begun": (lazy("Bắt đầu lúc"), lazy("Ví dụ: 14 giờ 00, ngày 05 tháng 4 năm 2021")),
    "place": (lazy("Địa điểm"), ""),
    "chair": (lazy("Chủ trì"), lazy("Ví dụ: Ông Nguyễn Văn A, Phó Chủ tịch UBND huyện, Tổ trưởng")),
    "secretary": (lazy("Thư ký"), ""),
    "members": (lazy("Thành viên"), lazy("Mỗi dòng một người, kèm chức vụ.")),
    "opinions": (lazy("Ý kiến tại cuộc họp"), ""),
    "ended": (lazy("Kết thúc lúc"), ""),
}
