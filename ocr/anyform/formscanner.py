"""Reads FormScanner's `.xtmpl` as one of ours.

Its lengths are pixels of the picture that the template was drawn on, its points the bubbles' centres;
the four corners are those of the shapes printed in the form's corners. The picture itself is not in the
file: with it, pages are found by all that is printed, without it by these corners.
Source: the files that its project ships as examples, versions 0 to 2.1.
"""

import itertools
import math
import statistics
from collections import Counter
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

from ocr.anyform.find import find_outlines
from ocr.anyform.template import Anchor, Grey, Landmarks, Outline, Question, Template, TemplateBubble
from ocr.errors import TemplateInvalid

_Points = TypeVar("_Points")
_CORNERS = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_RIGHT", "BOTTOM_LEFT")
_SHAPES: dict[str, Outline] = {"CIRCLE": "round", "SQUARE": "square"}
# Bubbles of forms made for it are about this much of the distance to the next one.
_SIZE_OF_GAP = 0.62


def import_formscanner(path: Path, blank: Grey | None) -> Template:
    """Turn an `.xtmpl` into a template; not yet checked.

    Args:
        path: the file.
        blank: the picture that it was drawn on, uint8; None if it is lost.

    Raises:
        TemplateInvalid: not such a file.
    """
    try:
        root = ET.fromstring(_text(path))  # noqa: S314 - entities are refused by _text
        corners = _corners(root)
        points = _questions(root)
        radius = _radius(points, blank)
    except OSError as error:
        raise TemplateInvalid(f"{path}: không mở được tệp ({error.strerror}).") from error
    except (ValueError, KeyError, ET.ParseError) as error:
        raise TemplateInvalid(f"{path}: không phải mẫu .xtmpl của FormScanner ({error!r}).") from error
    questions = tuple(_question(code, points[code], radius) for code in sorted(points, key=_natural))
    # Without the picture its size is guessed: what is printed stands in the middle of the paper.
    height, width = (
        blank.shape if blank is not None else (corners[0][1] + corners[2][1], corners[0][0] + corners[2][0])
    )
    fields = root.find("fields")
    shape = "" if fields is None else fields.get("shape", "")
    return Template(
        name=path.stem,
        origin=f"FormScanner, {path.name}",
        unit="px",
        width=float(width),
        height=float(height),
        outline=_SHAPES.get(shape, "unknown"),
        landmarks=Landmarks("features")
        if blank is not None
        else Landmarks("corners", corners, anchor=_anchor(root)),
        questions=questions,
        blank=blank,
    )


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("DOCTYPE")
    return text.replace('encoding="UTF-8"', "", 1)


def _point(element: ET.Element) -> tuple[float, float]:
    """The oldest files have the point on the element itself, later ones within it."""
    found = element.find("point")
    at = element if found is None else found
    return float(at.attrib["x"]), float(at.attrib["y"])


def _corners(root: ET.Element) -> tuple[tuple[float, float], ...]:
    element = root.find("corners")
    if element is None:
        raise ValueError("corners")
    at = {corner.attrib["position"]: _point(corner) for corner in element.findall("corner")}
    return tuple(at[name] for name in _CORNERS)


def _anchor(root: ET.Element) -> Anchor:
    """Round shapes are known by their centre, angular ones by their outer corner."""
    element = root.find("corners")
    return "outer" if element is not None and element.get("type") == "ANGULAR" else "centre"


def _code(element: ET.Element) -> str:
    """The name of a question, "" for anything else."""
    if element.tag not in {"question", "field"}:
        return ""
    name = element.find("name")
    return element.get("question") or (name.text or "" if name is not None else "")


def _questions(root: ET.Element) -> dict[str, dict[str, tuple[float, float]]]:
    """Every question's points by its code: a name that several groups use has its group's before it."""
    named = [(p.get("name", ""), code, _points(q)) for p in root.iter() for q in p if (code := _code(q))]
    count = Counter(code for _, code, _ in named)
    coded = [(code if count[code] == 1 else f"{group}.{code}", points) for group, code, points in named]
    return _unlike(coded)


def _points(question: ET.Element) -> dict[str, tuple[float, float]]:
    values = question.iter("value")
    return _unlike([(v.get("response") or (v.text or "").strip(), _point(v)) for v in values])


def _unlike(named: list[tuple[str, _Points]]) -> dict[str, _Points]:
    """By name; refused where two have the same, for one of them would be lost."""
    twice = [name for name, count in Counter(name for name, _ in named).items() if count > 1]
    if twice:
        raise TemplateInvalid(f"Mẫu .xtmpl có hai câu hay hai ô cùng tên {twice[0]!r}.")
    return dict(named)


def _radius(points: dict[str, dict[str, tuple[float, float]]], blank: Grey | None) -> float:
    """Half a bubble: measured on the blank, else told from the gaps (`size` is only what it counts in)."""
    gaps = [
        math.dist(one, other)
        for at in points.values()
        for one, other in itertools.combinations(at.values(), 2)
    ]
    if not gaps:
        raise ValueError("values")
    places = [point for at in points.values() for point in at.values()]
    printed = () if blank is None else find_outlines(blank)
    sizes = [
        min(o.width, o.height) for o in printed if min(math.dist(p, (o.x, o.y)) for p in places) < o.width / 2
    ]
    return statistics.median(sizes) / 2 if len(sizes) * 2 > len(places) else min(gaps) * _SIZE_OF_GAP / 2


def _question(code: str, points: dict[str, tuple[float, float]], radius: float) -> Question:
    """Values have no order in the file; on the page they have: line by line, left to right."""
    lines = {name: (round(y / (2 * radius)), x) for name, (x, y) in points.items()}
    ordered = sorted(points, key=lambda name: lines[name])
    return Question(code, tuple(TemplateBubble(o, *points[o], 2 * radius, 2 * radius) for o in ordered))


def _natural(code: str) -> tuple[tuple[int, int, str], ...]:
    """Question 2 before Question 10."""
    words = ("".join(group) for _, group in itertools.groupby(code, str.isdigit))
    return tuple((0, int(w), "") if w.isdigit() else (1, 0, w) for w in words)
