"""Figures of Decree 30/2020/NĐ-CP, Appendix I, as we use them: millimetres and points.

Source: domain notes §5.1. Margins: top and bottom 20–25, left 30–35, right 15–20.
"""

from typing import Final

TOP_MM: Final = 20
BOTTOM_MM: Final = 20
LEFT_MM: Final = 30
RIGHT_MM: Final = 15
NUMBER_FROM_EDGE_MM: Final = 10  # the page's number lies in the middle of the top margin
FOOT_FROM_EDGE_MM: Final = 7

INDENT_MM: Final = 12.7  # first line of a paragraph: 1 or 1,27 cm
BODY_PT: Final = 14
TITLE_PT: Final = 14
NATION_PT: Final = 13  # 12–13
MOTTO_PT: Final = 14  # 13–14
ISSUER_PT: Final = 13  # 12–13
NUMBER_PT: Final = 13
DAY_PT: Final = 14  # 13–14, italic
PAGE_NUMBER_PT: Final = 13  # 13–14
RECIPIENTS_PT: Final = 12  # the word itself; its list one point less
RECIPIENT_PT: Final = 11
TABLE_PT: Final = 12
WIDE_TABLE_PT: Final = 11
NOTE_PT: Final = 11
FOOT_PT: Final = 7
SPACE_AFTER_PT: Final = 6  # at least 6 between paragraphs

LEFT_HEAD_SHARE: Final = 0.42  # of the head's width: the issuer; the nation has the rest
NATION: Final = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO: Final = "Độc lập - Tự do - Hạnh phúc"

A4_MM: Final = (210, 297)


def text_width_mm(*, is_wide: bool) -> int:
    """How wide a line is, upright or lying."""
    return A4_MM[1 if is_wide else 0] - LEFT_MM - RIGHT_MM
