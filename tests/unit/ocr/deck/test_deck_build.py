"""Decks are the same every time, hold what their truth says, and look like a scanner's files."""

import argparse
import ast
import hashlib
import json
from collections import Counter
from dataclasses import replace
from inspect import getfile
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
import zxingcpp
from PIL import Image as PillowImage

from ocr.deck.build import Stack, build_deck, page_workers, print_deck, scan_print
from ocr.deck.command import add_deck_parser, add_score_parser
from ocr.deck.faults import draw_faults, draw_machine
from ocr.deck.hands.model import HANDS, PARTS, Part
from ocr.deck.lines import LinesUnreadable
from ocr.deck.optics.model import OPTICS
from ocr.deck.order import DeckOrder, respond
from ocr.deck.output import Format, ScanFileWriter, encode_page
from ocr.deck.prints import PrintedSheets
from ocr.deck.profiles import ODD, OFFICE, PROFILES
from ocr.deck.stack import plan_feeds
from ocr.deck.truth import PageKind, TruthInvalid, TruthPage, read_truth, write_truth
from ocr.errors import OcrError
from ocr.sheet_code import identity_from_code, serial_text
from ocr.template import FormLibrary

FORMS = Path(__file__).parents[4] / "forms_templates"
ORDER = DeckOrder(FORMS, "CH1", 1, "LD", "NV", "Phòng Nội vụ", sheets=10, seed=11, dpi=150, sheets_per_file=6)


EVERY_MISHAP = replace(
    OFFICE,
    stack=replace(OFFICE.stack, missing_page=0.1, scanned_twice=0.1, blank_between=0.1, upside_down=0.1),
)


def digest(order: DeckOrder, out: Path, workers: int = 1) -> list[str]:
    stack = build_deck(order, out, workers)
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (*stack.files, out / "truth.jsonl")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Ten sheets with one of each mishap, in two files."""
    out = tmp_path_factory.mktemp("office")
    print_deck(ORDER, out / "printed.pdf")
    feeds = plan_feeds(ORDER.sheets, EVERY_MISHAP, ORDER.sheets_per_file, np.random.default_rng(4))
    with page_workers(1) as page_map:
        return scan_print(ORDER, out / "printed.pdf", out, page_map, feeds)


@pytest.fixture(scope="module")
def truth(office: Stack) -> tuple[TruthPage, ...]:
    return office.truth


def pictures(path: Path) -> list[np.ndarray]:
    with pikepdf.open(path) as pdf:
        raw = [bytes(page.Resources.XObject.Scan.read_raw_bytes()) for page in pdf.pages]
    decoded = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) for jpeg in raw]
    return [np.asarray(picture, dtype=np.uint8) for picture in decoded]


def test_the_same_order_gives_the_same_bytes_in_one_process_or_two(tmp_path: Path) -> None:
    few = replace(ORDER, sheets=3)
    alone = digest(few, tmp_path / "alone")
    assert digest(few, tmp_path / "together", workers=2) == alone
    assert set(digest(replace(few, seed=12), tmp_path / "other")).isdisjoint(alone)


@pytest.mark.parametrize("part", ["check", "test"])
def test_each_part_draws_and_scans_in_its_own_way_and_the_same_every_time(part: Part, tmp_path: Path) -> None:
    few = replace(ORDER, sheets=1, profile="odd", part=part)
    once = digest(few, tmp_path / "once")
    assert digest(few, tmp_path / "again") == once
    assert set(digest(replace(few, part="train"), tmp_path / "other")).isdisjoint(once)
    tags = [dict(page.tags) for page in read_truth(tmp_path / "once" / "truth.jsonl")]
    assert {tag["generator"] for tag in tags} == {part}


def test_no_part_borrows_the_code_of_another() -> None:
    """Apart in code, not only in seed: hands and optics import nothing from one another."""
    for models in (HANDS, OPTICS):
        sources = {part: Path(getfile(model)) for part, model in models.items()}  # type: ignore[arg-type]
        names = {path.stem for path in sources.values()}
        assert len(names) == len(PARTS)
        for path in sources.values():
            imported = {
                name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom)
                for name in (node.module or "").split(".")
            }
            assert imported.isdisjoint(names)


def test_the_truth_file_gives_the_truth_back(office: Stack, tmp_path: Path) -> None:
    write_truth(office.truth, tmp_path / "truth.jsonl")
    assert tuple(read_truth(tmp_path / "truth.jsonl")) == office.truth


def test_each_page_of_the_truth_is_in_its_file(office: Stack, truth: tuple[TruthPage, ...]) -> None:
    scanned = [page for page in truth if page.kind is not PageKind.MISSING]
    places = Counter(page.source for page in scanned)
    assert places == {path.name: len(pictures(path)) for path in office.files}
    assert len({(page.source, page.page_index) for page in scanned}) == office.pages


def test_an_office_stack_has_each_of_its_mishaps(truth: tuple[TruthPage, ...]) -> None:
    kinds = Counter(page.kind for page in truth)
    assert (kinds[PageKind.MISSING], kinds[PageKind.BLANK], kinds[PageKind.DUPLICATE]) == (1, 2, 2)
    assert kinds[PageKind.SHEET] == 2 * ORDER.sheets - 1
    turned = {page.serial for page in truth if dict(page.tags).get("upside_down")}
    assert len(turned) == 1


def test_the_codes_on_the_scans_are_those_of_the_truth(office: Stack, truth: tuple[TruthPage, ...]) -> None:
    scans = {path.name: pictures(path) for path in office.files}
    for page in truth:
        if page.source is None or page.page_index is None:
            continue
        codes = {found.text for found in zxingcpp.read_barcodes(scans[page.source][page.page_index])}
        identities = {identity_from_code(code) for code in codes}
        named = {(serial_text(i.serial), i.page, i.form, i.group, i.unit) for i in identities}
        wanted = {(page.serial, page.page, page.form, page.group, page.unit)}
        assert named == (set() if page.kind is PageKind.BLANK else wanted)


def test_the_truth_has_every_question_and_a_duplicate_has_the_same_answers(
    truth: tuple[TruthPage, ...],
) -> None:
    layout = FormLibrary(FORMS).layout("CH1", 1)
    values: dict[object, object] = {}
    for page in truth:
        if page.page is None or not page.fields:
            continue
        assert [f.code for f in page.fields] == [f.code for f in layout.page(page.page).fields if f.bubbles]
        answered = [(f.code, f.value) for f in page.fields]
        assert values.setdefault((page.serial, page.page), answered) == answered


def test_marks_are_darker_than_paper_and_invisible_ones_would_be_tagged(truth: tuple[TruthPage, ...]) -> None:
    marked = [field for page in truth for field in page.fields if field.value is not None]
    assert marked
    assert all((field.contrast or 0) >= 10 for field in marked if field.visible)
    assert all((field.contrast or 0) < 10 for field in marked if not field.visible)


def test_personal_regions_drawn_anew_equal_the_whole_page_drawn_anew(tmp_path: Path) -> None:
    printed = tmp_path / "printed.pdf"
    print_deck(replace(ORDER, sheets=3), printed)
    layout = FormLibrary(FORMS).layout("CH1", 1)
    first = PrintedSheets(printed, layout, 200)
    first.side(0, 1)
    with pikepdf.open(printed) as pdf:
        del pdf.pages[:4]
        pdf.save(tmp_path / "third.pdf")
    whole = PrintedSheets(tmp_path / "third.pdf", layout, 200).side(0, 1)
    difference = np.abs(first.side(2, 1).pixels.astype(int) - whole.pixels)
    assert difference.max() <= 1


def test_a_folder_takes_one_deck_only(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text("another deck's\n", encoding="utf-8")
    with pytest.raises(OcrError, match="đã có"):
        build_deck(replace(ORDER, sheets=1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["truth.jsonl"]
    assert (tmp_path / "truth.jsonl").read_text(encoding="utf-8") == "another deck's\n"


@pytest.mark.parametrize(("file_format", "ending"), [("tiff-g4", ".tif"), ("jpeg", ".jpg"), ("png", ".png")])
def test_other_file_formats_hold_the_same_pages(file_format: Format, ending: str, tmp_path: Path) -> None:
    order = replace(ORDER, sheets=2, profile="clean", file_format=file_format)
    deck = build_deck(order, tmp_path)
    pages = [
        image for path in deck.files for image in cv2.imreadmulti(str(path), flags=cv2.IMREAD_GRAYSCALE)[1]
    ]
    assert {path.suffix for path in deck.files} == {ending}
    assert [page.shape for page in pages] == [(1754, 1241)] * 4
    if file_format == "tiff-g4":
        assert set(np.unique(pages[0])) == {0, 255}
    places = [(page.source, page.page_index) for page in deck.truth]
    assert len(set(places)) == 4


def test_an_odd_stack_holds_pages_of_another_form_of_ours(tmp_path: Path) -> None:
    stranger = replace(ODD.stack, foreign=1.0, shuffled=False, blank_between=0.0, scanned_twice=0.0)
    feeds = plan_feeds(
        1, replace(ODD, stack=replace(stranger, missing_page=0.0)), 6, np.random.default_rng(4)
    )
    order = replace(ORDER, sheets=1, profile="odd")
    print_deck(order, tmp_path / "printed.pdf")
    with page_workers(1) as page_map:
        stack = scan_print(order, tmp_path / "printed.pdf", tmp_path, page_map, feeds)
    [ours, foreign] = [[p for p in stack.truth if dict(p.tags)["foreign"] is f] for f in (False, True)]
    assert {(p.form, p.page) for p in ours} == {("CH1", 1), ("CH1", 2)}
    assert {(p.form, p.page) for p in foreign} == {("CH2", 1), ("CH2", 2)}
    assert {p.source for p in stack.truth} == {stack.files[0].name}
    scans = pictures(stack.files[0])
    for page in stack.truth:
        codes = {found.text for found in zxingcpp.read_barcodes(scans[page.page_index or 0])}
        named = {(serial_text(i.serial), i.form, i.page) for i in map(identity_from_code, codes)}
        assert named == {(page.serial, page.form, page.page)}
        layout = FormLibrary(FORMS).layout(page.form or "", 1).page(page.page or 0)
        assert [f.code for f in page.fields] == [f.code for f in layout.fields if f.bubbles]


@pytest.mark.parametrize("name", ["photo", "odd", "rough"])
def test_a_page_says_by_tags_what_happened_to_it(name: str, tmp_path: Path) -> None:
    deck = build_deck(replace(ORDER, sheets=3, profile=name, dpi=200), tmp_path)
    scans = pictures(deck.files[0])
    for page in deck.truth:
        tags = dict(page.tags)
        assert (tags["profile"], tags["generator"]) == (name, "train")
        if page.page_index is None:
            continue
        scan = scans[page.page_index]
        assert (max(scan.shape) in range(2000, 3001) and tags["perspective"]) or name != "photo"
        if name != "photo":
            assert scan.shape[0] == (1754 if tags["dpi150"] else 2339)
        middles = np.mean((scan > 60) & (scan < 190))
        assert not tags["bilevel"] or middles < 0.03


def test_a_page_at_another_resolution_is_still_as_large_on_paper(tmp_path: Path) -> None:
    coarse = replace(OFFICE.scanner, dpi150_share=0.5, bilevel_share=0.5)
    order = replace(ORDER, sheets=2, dpi=200, file_format="tiff-g4")
    machine = draw_machine(coarse, np.random.default_rng(1))
    drawn = [
        draw_faults(coarse, machine, (), np.random.default_rng(s), upside_down=False, dpi=200)
        for s in range(40)
    ]
    assert {faults.sampling for faults in drawn} == {0.75, 1.0}
    writer = ScanFileWriter(tmp_path, order.name(), "tiff-g4")
    for index, (height, dpi) in enumerate([(2338, 200.0), (1754, 150.0)]):
        scan = np.full((height, round(height / 1.414)), 255, np.uint8)
        writer.add(0, index, encode_page(scan, "tiff-g4", 80, 128, dpi), scan.shape[::-1], dpi)
    writer.close()
    with PillowImage.open(writer.files[0]) as tiff:
        heights = []
        for page in range(2):
            tiff.seek(page)
            heights.append(tiff.height / float(tiff.info["dpi"][1]))
    assert heights == pytest.approx([11.69, 11.69], abs=0.01)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_profiles_are_whole_shares(name: str) -> None:
    people = PROFILES[name].people
    assert sum(share for _style, share in people.styles) == pytest.approx(1.0)
    assert sum(share for _pen, share in people.pens) == pytest.approx(1.0)
    assert sum(share for _event, share in people.events) < 1


def test_odd_people_do_what_the_profile_says() -> None:
    order = DeckOrder(FORMS, "CX4", 1, "DN", "19186", "Đại Trạch", sheets=400, seed=3, profile="odd")
    met = [respond(order, sheet) for sheet in range(order.sheets)]
    assert sum(w.silent for w, _a in met) / 400 == pytest.approx(ODD.people.all_blank, abs=0.03)
    assert sum(w.second is not None for w, _a in met) / 400 == pytest.approx(ODD.people.second_pen, abs=0.06)
    silent = [answers for writer, answers in met if writer.silent]
    assert all(not a.marks and not a.cancelled for answers in silent for a in answers.values())
    taken_back = [a for _w, answers in met for a in answers.values() if a.event.value == "lone_cancel"]
    assert taken_back
    assert all(not a.marks and len(a.cancelled) == 1 for a in taken_back)


def test_answers_follow_their_shares() -> None:
    order = DeckOrder(FORMS, "CX4", 1, "DN", "19186", "Đại Trạch", sheets=400, seed=3)
    answers = [a for sheet in range(order.sheets) for a in respond(order, sheet)[1].values()]
    events = Counter(answer.event.value for answer in answers)
    shares = {event.value: share for event, share in OFFICE.people.events}
    for event in ("blank", "double", "correction", "stray"):
        assert events[event] / len(answers) == pytest.approx(shares[event], rel=0.35)
    assert all(not a.marks for a in answers if a.event.value == "blank")
    assert all(len(a.marks) == 2 for a in answers if a.event.value == "double")
    assert all(a.cancelled and a.cancelled != a.marks for a in answers if a.event.value == "correction")


def test_a_shuffled_stack_keeps_every_page_once() -> None:
    feeds = plan_feeds(60, OFFICE, 25, np.random.default_rng(5))
    sheets = Counter((f.sheet, f.page) for f in feeds if f.kind in {PageKind.SHEET, PageKind.MISSING})
    assert set(sheets.values()) == {1}
    assert len(sheets) == 120
    assert [f.sheet for f in feeds] != sorted(f.sheet for f in feeds)
    for batch in {f.batch for f in feeds}:
        scanned = [f.page_index for f in feeds if f.batch == batch and f.kind is not PageKind.MISSING]
        assert scanned == list(range(len(scanned)))


def test_a_foreign_truth_file_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(json.dumps({"schema": "chamdiem-reading/1"}) + "\n", encoding="utf-8")
    with pytest.raises(TruthInvalid, match="dòng 1"):
        list(read_truth(path))


def test_a_truth_file_that_is_not_there_is_an_expected_error(tmp_path: Path) -> None:
    with pytest.raises(LinesUnreadable, match=r"khong-co\.jsonl"):
        list(read_truth(tmp_path / "khong-co.jsonl"))


def test_the_command_builds_and_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_deck_parser(subparsers)
    add_score_parser(subparsers)
    command = "deck --form CH1 --sheets 1 --seed 2 --profile clean --dpi 150 --unit NV --workers 1"
    build = parser.parse_args([*command.split(), "--forms", str(FORMS), "--out", str(tmp_path)])
    assert build.run(build) == 0
    readings = tmp_path / "readings.jsonl"
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line.update(schema="chamdiem-reading/1", status="flagged", flags=[])
        line["fields"] = [{**f, "accepted": f["value"] is not None, "flags": []} for f in line["fields"]]
    readings.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    score = parser.parse_args(["score", str(readings), str(tmp_path / "truth.jsonl"), "--json"])
    capsys.readouterr()
    assert score.run(score) == 0
    assert json.loads(capsys.readouterr().out)["pages"] == 2
    lines[0]["fields"][0]["value"] = "9"
    readings.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert score.run(score) == 1
