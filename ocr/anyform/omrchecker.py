"""Reads OMRChecker's `template.json` (its version 1) as one of ours.

Its lengths are pixels of the page after its own preparation: cut to the paper's outline, to the centres
of four corner marks, or laid over a reference picture. A block's `origin` is the top left of its first
bubble; `direction` is the way in which one question's bubbles follow one another.
Source: the project's wiki, "About Templates".
"""

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr.anyform.template import Grey, Landmarks, Question, Template, TemplateBubble, read_grey
from ocr.errors import TemplateInvalid

_DIGITS = tuple("0123456789")
# Its named kinds of question: the values, and the direction of one question's bubbles.
_KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "QTYPE_INT": (_DIGITS, "vertical"),
    "QTYPE_INT_FROM_1": ((*_DIGITS[1:], "0"), "vertical"),
    "QTYPE_MCQ4": (tuple("ABCD"), "horizontal"),
    "QTYPE_MCQ5": (tuple("ABCDE"), "horizontal"),
    "QTYPE_MCQ4_RTL": (tuple("DCBA"), "horizontal"),
    "QTYPE_MCQ5_RTL": (tuple("EDCBA"), "horizontal"),
}
# What it does to the picture's light; our measuring is relative to paper and print, and needs none of it.
_LIGHT = frozenset({"GaussianBlur", "MedianBlur", "Levels"})
_DEFAULT_WIDTH_RATIO = 17.0
_RANGE = re.compile(r"^(.*?)(\d+)\.{2,3}(\d+)$")


def import_omrchecker(path: Path) -> Template:
    """Turn a `template.json` with the pictures that it names into a template; not yet checked.

    Raises:
        TemplateInvalid: not such a file, or it asks for what we do not have.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        width, height = (float(v) for v in raw["pageDimensions"])
        size = tuple(float(v) for v in raw["bubbleDimensions"])
        questions = [q for block in raw["fieldBlocks"].values() for q in _questions(block, size)]
        landmarks, mark, blank = _landmarks(raw.get("preProcessors", []), path.parent, (width, height))
        joined = {code: _labels(parts) for code, parts in raw.get("customLabels", {}).items()}
    except OSError as error:
        raise TemplateInvalid(f"{path}: không mở được tệp ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TemplateInvalid(f"{path}: không phải template.json của OMRChecker ({error!r}).") from error
    return Template(
        name=path.resolve().parent.name,
        origin=f"OMRChecker, {path.name}",
        unit="px",
        width=width,
        height=height,
        outline="unknown",
        landmarks=landmarks,
        questions=tuple(questions),
        joined=joined,
        blank=blank,
        mark=mark,
    )


def _labels(words: list[str]) -> tuple[str, ...]:
    """`["Medium", "roll1..3"]` is Medium, roll1, roll2, roll3."""
    labels: list[str] = []
    for word in words:
        span = _RANGE.match(word)
        if span is None:
            labels.append(word)
            continue
        labels += [f"{span[1]}{n}" for n in range(int(span[2]), int(span[3]) + 1)]
    return tuple(labels)


def _lacking(what: str) -> TemplateInvalid:
    """The file is sound, but asks for what only OMRChecker has."""
    return TemplateInvalid(f"Mẫu OMRChecker này cần {what}, máy này chưa làm được.")


def _questions(block: dict[str, Any], page_size: tuple[float, ...]) -> list[Question]:
    if "fieldType" in block:
        if block["fieldType"] not in _KINDS:
            raise _lacking(f"fieldType {block['fieldType']!r}")
        values, direction = _KINDS[block["fieldType"]]
    else:
        values, direction = tuple(block["bubbleValues"]), block.get("direction", "vertical")
    if direction not in {"horizontal", "vertical"}:
        raise _lacking(f"direction {direction!r}")
    width, height = (float(v) for v in block.get("bubbleDimensions", page_size))
    left, top = (float(v) for v in block["origin"])
    # Along a question the bubbles, across it the questions.
    along = (1.0, 0.0) if direction == "horizontal" else (0.0, 1.0)
    across = along[::-1]
    labels = _labels(block["fieldLabels"])
    questions = []
    for label, offset in zip(labels, _offsets(block["labelsGap"], len(labels)), strict=True):
        x0 = left + width / 2 + across[0] * offset
        y0 = top + height / 2 + across[1] * offset
        bubbles = tuple(
            TemplateBubble(
                str(value),
                x0 + along[0] * i * block["bubblesGap"],
                y0 + along[1] * i * block["bubblesGap"],
                width,
                height,
            )
            for i, value in enumerate(values)
        )
        questions.append(Question(label, bubbles))
    return questions


def _offsets(gap: float | list[float], count: int) -> list[float]:
    """Where each question begins, from the first one on; one gap for all, or one for each pair."""
    gaps = gap if isinstance(gap, list) else [gap] * (count - 1)
    return [float(sum(gaps[:i])) for i in range(count)]


def _landmarks(
    steps: list[dict[str, Any]], folder: Path, page: tuple[float, float]
) -> tuple[Landmarks, Grey | None, Grey | None]:
    """How the page is found, the picture of a corner mark, the reference picture."""
    wanted = {step["name"]: step.get("options", {}) for step in steps if step["name"] not in _LIGHT}
    crop = wanted.pop("CropPage", None) is not None
    if not wanted:
        return Landmarks("page", crop_page=crop), None, None
    name, options = wanted.popitem()
    width, height = page
    if name == "CropOnMarkers" and not wanted:
        ratio = float(options.get("sheetToMarkerWidthRatio", _DEFAULT_WIDTH_RATIO))
        corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
        return (
            Landmarks("marks", corners, round(width / ratio, 2), crop),
            read_grey(folder / options["relativePath"]),
            None,
        )
    if name == "FeatureBasedAlignment" and not wanted:
        reference = read_grey(folder / options["reference"])
        blank = cv2.resize(reference, (round(width), round(height)), interpolation=cv2.INTER_AREA)
        return Landmarks("features", crop_page=crop), None, np.asarray(blank, np.uint8)
    raise _lacking(f"preProcessors {name!r}")
