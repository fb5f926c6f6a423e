"""The note beside a file of the watched folder that could not be read: in Vietnamese, for whoever scans.

The folder is the clerk's, and knows no language settings.
"""

_WHY = {
    "empty": "Tệp rỗng (0 byte). Quét lại.",
    "not_a_scan": "Đây không phải tệp PDF, TIFF, JPEG, PNG, HEIC hay ZIP. Chỉ để tệp quét vào thư mục này.",
    "encrypted": "Tệp có mật khẩu. Mở tệp, bỏ mật khẩu, lưu lại vào thư mục quét.",
    "damaged": "Tệp bị hỏng, không mở được. Chép lại từ máy quét, hoặc quét lại.",
    "no_pages": "Tệp không có trang nào. Quét lại.",
    "too_large": "Ảnh quá lớn hoặc tệp quá nhiều trang. Quét lại ở 200–300 dpi, mỗi tệp nhiều nhất 60 tờ.",
}
_FAULT = "Chương trình gặp lỗi với tệp này. Báo người quản trị; tệp vẫn được giữ trong máy chủ."


def refusal_text(name: str, reason: str) -> str:
    """Why `name` was not read, and what to do; `reason` is a slug."""
    return f"{name}\r\nChương trình Chấm Điểm chưa đọc được tệp này.\r\n{_WHY.get(reason, _FAULT)}\r\n"
