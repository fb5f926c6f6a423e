"""Pictures say what they show, draw what they say, and can be read without colour."""

import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tests.contracts.test_contrast import luminance
from webapp import charts
from webapp.charts import NARROW_PX, WIDE_PX, BandMark, Bullet, Finding, Stage, StripCell

FINDING = Finding("strip", "Phiếu thu về", "2 nơi chưa thu đủ <& “Đại Trạch”>.")
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=100)


def tree(picture: Markup) -> ET.Element:
    """The picture as XML: it must be well formed."""
    return ET.fromstring(picture)  # noqa: S314 - our own picture


def cell(share: Fraction, name: str = "Xã Đại Trạch") -> StripCell:
    return StripCell(name, share, "28/30", "93 %")


def contrast_with_white(colour: str) -> float:
    return 1.05 / (luminance(colour) + 0.05)


@pytest.mark.parametrize("width_px", [WIDE_PX, NARROW_PX])
@pytest.mark.parametrize("kind", ["strip", "funnel", "bullets", "bands"])
def test_a_picture_is_named_and_its_inside_is_hidden(kind: str, width_px: int) -> None:
    third = Fraction(1, 3)
    picture = {
        "bands": lambda: charts.draw_bands(
            FINDING, [BandMark("90–99 %", 0.95, 0.9, 0.85, 0.94, "300 câu, đúng 90,0 %")] * 12, width_px
        ),
        "strip": lambda: charts.draw_strip(FINDING, [cell(third)] * 41, width_px),
        "funnel": lambda: charts.draw_funnel(FINDING, [Stage("Đã in", third, "1.036 · 33 %")] * 6, width_px),
        "bullets": lambda: charts.draw_bullets(
            FINDING, [Bullet("CX4 · Người dân", [third] * 3, "1/3")] * 9, width_px
        ),
    }[kind]()
    svg = tree(picture)
    title, described, inside = list(svg)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"] == f"{title.attrib['id']} {described.attrib['id']}"
    assert (title.text, described.text) == (FINDING.title, FINDING.sentence)
    assert inside.attrib["aria-hidden"] == "true"
    assert svg.attrib["viewBox"] == f"0 0 {svg.attrib['width']} {svg.attrib['height']}"
    assert "style=" not in picture
    assert len(picture.encode()) <= 40_000


@pytest.mark.parametrize("width_px", [WIDE_PX, NARROW_PX])
def test_everything_lies_within_the_frame(width_px: int) -> None:
    cells = [cell(Fraction(n, 40), "Phòng Lao động - Thương binh và Xã hội") for n in range(41)]
    svg = tree(charts.draw_strip(FINDING, cells, width_px))
    boxes = svg.findall(".//g/rect")
    assert len(boxes) > 2 * 41
    for box in boxes:
        right, bottom = (
            float(box.attrib[a]) + float(box.attrib[b]) for a, b in (("x", "width"), ("y", "height"))
        )
        assert right <= width_px + 0.5
        assert bottom <= float(svg.attrib["height"]) + 0.5


@given(SHARES)
def test_a_bar_is_as_long_as_its_share(share: Fraction) -> None:
    svg = tree(charts.draw_funnel(FINDING, [Stage("Đã thu", share, "")], WIDE_PX))
    track, *bars = svg.findall(".//g/rect")
    drawn = sum(float(bar.attrib["width"]) for bar in bars)
    assert drawn == pytest.approx(float(track.attrib["width"]) * share, abs=0.02)


@given(SHARES, SHARES)
def test_tints_are_ordered(one: Fraction, other: Fraction) -> None:
    less, more = sorted((one, other))
    assert cell(less).tint <= cell(more).tint
    assert (cell(less).tint == 4) == (less == 1)
    assert (cell(less).tint == 0) == (less == 0)


def test_more_than_the_quota_stays_on_the_track() -> None:
    svg = tree(charts.draw_bullets(FINDING, [Bullet("CX4", [Fraction(3, 2)], "45/30")], WIDE_PX))
    track, bar = svg.findall(".//g/rect")
    assert bar.attrib["width"] == track.attrib["width"]


def test_each_step_has_a_pattern_of_its_own() -> None:
    svg = tree(charts.draw_strip(FINDING, [cell(Fraction(n, 4)) for n in range(5)], WIDE_PX))
    drawn = [ET.tostring(pattern)[40:] for pattern in svg.findall(".//pattern")]
    assert len(set(drawn)) == 4
    used = [box.attrib["fill"] for box in svg.iter("rect") if box.attrib["fill"].startswith("url")]
    assert used == [f"url(#strip-1240-p{n})" for n in (1, 2, 3, 4)]


def test_colours_can_be_told_from_paper_and_read_on() -> None:
    assert all(contrast_with_white(colour) >= 3 for colour in (*charts.SOLID, charts.EDGE))
    for tint in charts.TINTS:
        assert (luminance(tint) + 0.05) / (luminance(charts.INK) + 0.05) >= 4.5
    lights = [luminance(tint) for tint in charts.TINTS]
    assert lights == sorted(lights, reverse=True), "a black-and-white copy keeps the order"


@given(st.text(alphabet="abcđ ", max_size=80), st.integers(40, 400))
def test_names_are_broken_into_at_most_two_lines(name: str, width: int) -> None:
    lines = charts._broken(name, width, 13, 2)
    assert len(lines) <= 2
    assert "…" in "".join(lines) or " ".join(lines) == " ".join(name.split())
