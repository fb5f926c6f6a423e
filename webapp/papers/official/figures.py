"""Figures of an edition as sentences and tables of official documents; numbers the Vietnamese way, exact."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from webapp.papers.official.document import Appendix, Block, Style, Text
from webapp.papers.publication.edition import Edition
from webapp.papers.signed_paper import Cell, Column, Table
from webapp.par_index.exact import round_half_up, vietnamese
from webapp.par_index.outcome import LevelResult, Origin, Part, UnitIndex
from webapp.par_index.scheme import Area

_EXCLUDED, _FULL = "KAD", "*"
_EXCLUDED_WORDS = f"{_EXCLUDED}: không áp dụng, được bỏ ra khỏi điểm và điểm tối đa."
_FULL_WORDS = f"{_FULL} Không phát sinh, được tính điểm tối đa."
_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def points(value: Decimal | None) -> str:
    """92,15; a dash where there is no number."""
    return "–" if value is None else vietnamese(value, 2)


def percent(value: Decimal | None) -> str:
    """92,15%."""
    return "–" if value is None else f"{vietnamese(value, 2)}%"


def signed(value: Decimal) -> str:
    """+0,50 or −0,50, with a true minus."""
    return f"{'−' if value < 0 else '+' if value else ''}{vietnamese(abs(value), 2)}"


def roman(number: int) -> str:
    """1 → I, 4 → IV: the numbers of appendices and chapters."""
    written = ""
    for value, sign in _ROMAN:
        written += sign * (number // value)
        number %= value
    return written


def in_a_row(names: Sequence[str]) -> str:
    """“A, B và C”."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} và {names[-1]}"


def sentence_start(text: str) -> str:
    """“xã Đại Trạch” as it begins a line."""
    return text[:1].upper() + text[1:]


def levels_of(edition: Edition) -> list[LevelResult]:
    """The levels in the order of the campaign."""
    order = list(edition.level_names)
    return sorted(edition.result.levels, key=lambda level: order.index(level.level))


def level_sentence(edition: Edition, level: LevelResult) -> str:
    """How many units, their mean, the best and the last, and the classes."""
    units = [unit for unit in level.units if unit.index_percent is not None]
    best = max((unit.index_percent or Decimal(0) for unit in units), default=None)
    last = min((unit.index_percent or Decimal(0) for unit in units), default=None)
    return (
        f"{edition.level_names[level.level]}: {len(level.units)} đơn vị được đánh giá; Chỉ số trung bình"
        f" {percent(level.mean_percent)}; cao nhất {_with(units, best)}; thấp nhất {_with(units, last)}."
        f" Xếp loại: {_classes_in_words(level)}"
    )


def _with(units: Iterable[UnitIndex], value: Decimal | None) -> str:
    names = [unit.name for unit in units if unit.index_percent == value]
    return f"{in_a_row(names)} ({percent(value)})" if names else "–"


def _classes_in_words(level: LevelResult) -> str:
    return "; ".join(f"{label} {count} đơn vị" for label, count in count_classes(level)) or "–"


def count_classes(level: LevelResult) -> list[tuple[str, int]]:
    """How many units fell in each class, the best class first."""
    return list(Counter(unit.class_label for unit in level.units if unit.class_label).items())


def ranking_table(edition: Edition, level: LevelResult) -> Table:
    """The table that is published: points, index, rank and class."""
    scheme = edition.scheme(level)
    columns = [
        Column("TT", 10, is_number=True),
        Column("Đơn vị", 42),
        Column(f"Điểm thẩm định ({vietnamese(scheme.maximum_appraisal)})", 17, is_number=True),
        Column(f"Điểm điều tra XHH ({vietnamese(scheme.maximum_survey)})", 17, is_number=True),
        Column("Tổng điểm", 15, is_number=True),
        Column("Điểm tối đa áp dụng", 16, is_number=True),
        Column("Chỉ số (%)", 16, is_number=True),
        Column("Xếp hạng", 13, is_number=True),
        Column("Xếp loại", 19),
    ]
    rows: list[list[Cell]] = [
        [
            number, sentence_start(unit.name), points(unit.appraised_points), points(unit.survey_points),
            points(unit.total), points(unit.applicable), points(unit.index_percent),
            "–" if unit.rank is None else unit.rank, unit.class_label,
        ]
        for number, unit in enumerate(level.units, 1)
    ]  # fmt: skip
    mean: list[Cell] = ["", "Trung bình", "", "", "", "", points(level.mean_percent), "", ""]
    return Table("", columns, rows, mean)


def class_table(level: LevelResult) -> Table:
    """How many units fell in each class, with their share."""
    counts = count_classes(level)
    ranked = sum(count for _, count in counts)
    columns = [
        Column("TT", 1, is_number=True), Column("Xếp loại", 4), Column("Số lượng", 2, is_number=True),
        Column("Tỷ lệ (%)", 2, is_number=True),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [number, label, count, vietnamese(round_half_up(Decimal(100 * count) / ranked), 2)]
        for number, (label, count) in enumerate(counts, 1)
    ]
    return Table("Tổng hợp xếp loại", columns, rows, ["", "Cộng", ranked, points(Decimal(100))])


def area_table(edition: Edition, level: LevelResult) -> Table:
    """Every area: its maximum, the units' mean in percent of what applies, the best and the last unit."""
    rows: list[list[Cell]] = []
    for area in edition.scheme(level).areas:
        shares = [
            (one.percent, unit.name)
            for unit in level.units
            for one in unit.areas
            if one.code == area.code and one.percent is not None
        ]
        values = [share for share, _ in shares]
        mean = round_half_up(sum(values, Decimal(0)) / len(values)) if values else None
        best, last = max(values, default=None), min(values, default=None)
        rows.append(
            [
                area.code,
                area.title,
                points(area.maximum),
                points(mean),
                points(best),
                points(last),
            ]
        )
    columns = [
        Column("Mã", 9), Column("Lĩnh vực", 50), Column("Điểm tối đa", 13, is_number=True),
        Column("Trung bình (%)", 14, is_number=True), Column("Cao nhất (%)", 13, is_number=True),
        Column("Thấp nhất (%)", 13, is_number=True),
    ]  # fmt: skip
    return Table("", columns, rows)


def ranking_appendix(edition: Edition, level: LevelResult, number: int, attached: str) -> Appendix:
    """A level's ranking with its classes."""
    title = (
        f"KẾT QUẢ CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM {edition.year} – {edition.level_names[level.level].upper()}"
    )
    note = Text(
        "Chỉ số = tổng điểm : điểm tối đa áp dụng × 100, làm tròn đến hai chữ số thập phân; đơn vị có Chỉ số"
        " bằng nhau thì cùng hạng.",
        Style.NOTE,
    )
    return Appendix(roman(number), title, attached, [ranking_table(edition, level), note, class_table(level)])


def component_appendix(edition: Edition, level: LevelResult, number: int, attached: str) -> Appendix:
    """Every unit's points for every component, area by area."""
    title = f"ĐIỂM TỪNG TIÊU CHÍ THÀNH PHẦN NĂM {edition.year} – {edition.level_names[level.level].upper()}"
    blocks: list[Block] = []
    for area in edition.scheme(level).areas:
        blocks += [_component_table(level, area), _legend(level, area)]
    return Appendix(roman(number), title, attached, blocks, is_wide=True)


def _component_table(level: LevelResult, area: Area) -> Table:
    leaves = area.scored
    columns = [Column("TT", 10, is_number=True), Column("Đơn vị", 44)]
    columns += [Column(f"{leaf.code} ({vietnamese(leaf.maximum)})", 14, is_number=True) for leaf in leaves]
    columns.append(Column(f"Cộng ({vietnamese(area.maximum)})", 15, is_number=True))
    rows: list[list[Cell]] = []
    for place, unit in enumerate(level.units, 1):
        parts = {part.component: part for part in unit.parts}
        total = next(one.points for one in unit.areas if one.code == area.code)
        given = [_component_cell(parts[leaf.code]) for leaf in leaves]
        rows.append([place, sentence_start(unit.name), *given, points(total)])
    return Table(f"{area.code}. {area.title}", columns, rows)


def _component_cell(part: Part) -> str:
    if part.origin == Origin.EXCLUDED:
        return _EXCLUDED
    return points(part.points) + (_FULL if part.origin == Origin.FULL else "")


def _legend(level: LevelResult, area: Area) -> Text:
    """What the codes over the columns mean, and the signs that are used."""
    codes = {leaf.code for leaf in area.scored}
    used = {part.origin for unit in level.units for part in unit.parts if part.component in codes}
    named = "; ".join(
        f"{leaf.code}: {leaf.title}{' (điều tra)' if leaf.is_survey else ''}" for leaf in area.scored
    )
    signs = [_EXCLUDED_WORDS] if Origin.EXCLUDED in used else []
    signs += [_FULL_WORDS] if Origin.FULL in used else []
    return Text(" ".join([f"{named}.", *signs]), Style.NOTE)


def appendices_of(edition: Edition, attached: str) -> list[Appendix]:
    """Rankings of all levels first, then their component scores."""
    levels = levels_of(edition)
    rankings = [ranking_appendix(edition, level, n, attached) for n, level in enumerate(levels, 1)]
    first = len(levels) + 1
    return rankings + [
        component_appendix(edition, level, n, attached) for n, level in enumerate(levels, first)
    ]
