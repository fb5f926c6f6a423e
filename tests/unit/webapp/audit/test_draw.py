"""The manifest is one text, and the draw follows from it and the seed alone."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.audit.draw import (
    PLANTED,
    draw_round,
    is_seed,
    list_full,
    main,
    mark_doubles,
    plant,
    ticket_number,
)
from webapp.audit.manifest import (
    FULL,
    HEADER,
    ManifestInvalid,
    ManifestLine,
    count_sheets,
    manifest_sha256,
    read_manifest,
    write_manifest,
)

SEED = "31415926535897932384"


def line(sheet: int, field: int, value: str = "3", stratum: str = "sampled") -> ManifestLine:
    name = f"{sheet:05}"
    return ManifestLine(
        f"{name}.CX4.{field}", name, "CX4", "CD", "19111", f"CX4.{field}", value, "c" * 64, stratum
    )


def lines(sheets: int, fields: int = 5) -> list[ManifestLine]:
    return [line(sheet, field) for sheet in range(1, sheets + 1) for field in range(1, fields + 1)]


def test_the_manifest_is_the_same_text_in_whatever_order_it_was_gathered() -> None:
    known = [line(2, 1), line(1, 2, "blank"), line(1, 1, "invalid", FULL)]
    text = write_manifest(known)
    assert text == write_manifest(reversed(known))
    assert text.split("\n")[0] == HEADER
    assert text.split("\n")[1] == f"00001.CX4.1,00001,CX4,CD,19111,CX4.1,invalid,{'c' * 64},full"
    assert set(read_manifest(text)) == set(known)
    assert manifest_sha256(text) == hashlib.sha256(text.encode()).hexdigest()
    assert manifest_sha256(text) != manifest_sha256(text.replace("blank", "3"))


def test_a_manifest_says_one_thing_of_each_answer() -> None:
    with pytest.raises(ManifestInvalid, match="twice"):
        write_manifest([line(1, 1), line(1, 1, "4")])
    with pytest.raises(ManifestInvalid, match="cannot stand"):
        write_manifest([line(1, 1, "a,b")])
    good = write_manifest(lines(2))
    body = good.split("\n")
    for bad in (
        "",
        good[:-1],
        "x" + good,
        good.replace("sampled", "some"),
        "\n".join([body[0], body[2], body[1], ""]),
    ):
        with pytest.raises(ManifestInvalid):
            read_manifest(bad)


def test_of_each_sheet_the_answer_with_the_smallest_hash_is_drawn_by_ticket() -> None:
    known = lines(40)
    drawn = draw_round(known, SEED, 1)
    expected = {}
    for sheet in {one.sheet for one in known}:
        of_sheet = [one.answer_id for one in known if one.sheet == sheet]
        expected[sheet] = min(
            of_sheet, key=lambda name: hashlib.sha256(f"{SEED},{name}".encode()).hexdigest()
        )
    assert {ticket.line.sheet: ticket.line.answer_id for ticket in drawn} == expected
    assert [ticket.number for ticket in drawn] == sorted(ticket.number for ticket in drawn)
    assert count_sheets(known) == len(drawn) == 40


def test_further_rounds_take_the_next_best_and_end_with_the_answers() -> None:
    known = lines(10, fields=3)
    rounds = [draw_round(known, SEED, number) for number in (1, 2, 3, 4)]
    assert [len(drawn) for drawn in rounds] == [10, 10, 10, 0]
    together = [ticket.line.answer_id for drawn in rounds for ticket in drawn]
    assert sorted(together) == sorted(one.answer_id for one in known)
    assert draw_round(known, SEED[::-1], 1) != rounds[0]


def test_answers_of_the_full_stratum_are_looked_at_and_never_drawn() -> None:
    known = [*lines(5), *(line(9, field, stratum=FULL) for field in (1, 2, 3))]
    assert len(list_full(known, SEED)) == 3
    assert all(ticket.line.sheet != "00009" for ticket in draw_round(known, SEED, 1))


@pytest.mark.parametrize(("sheets", "doubles", "planted"), [(1, 1, 1), (10, 1, 1), (11, 2, 1), (101, 11, 3)])
def test_a_tenth_is_for_two_and_two_in_a_hundred_are_planted(sheets: int, doubles: int, planted: int) -> None:
    known = lines(sheets)
    drawn = mark_doubles(draw_round(known, SEED, 1), SEED)
    assert sum(ticket.is_double for ticket in drawn) == doubles
    hidden = plant(known, drawn, SEED)
    assert len(hidden) == planted
    assert {ticket.kind for ticket in hidden} == {PLANTED}
    assert not {t.line.answer_id for t in hidden} & {t.line.answer_id for t in drawn}


@pytest.mark.parametrize(
    ("text", "good"), [(SEED, True), (SEED[1:], False), (SEED[:-1] + "x", False), ("٣" * 20, False)]
)
def test_a_seed_is_twenty_digits(text: str, *, good: bool) -> None:
    assert is_seed(text) is good


def test_the_command_redoes_the_draw_without_any_library(tmp_path: Path) -> None:
    known = [*lines(30), line(99, 1, stratum=FULL)]
    text = write_manifest(known)
    path = tmp_path / "manifest.csv"
    path.write_bytes(text.encode())
    command = [sys.executable, "-S", "-m", "webapp.audit.draw", str(path), SEED]
    ran = subprocess.run(
        [*command, "--rounds", "2", "--expect", manifest_sha256(text)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    printed = [row for row in ran.stdout.splitlines() if not row.startswith("#")]
    tickets = [*list_full(known, SEED), *draw_round(known, SEED, 1), *draw_round(known, SEED, 2)]
    assert printed == [
        f"{t.round},{ticket_number(SEED, t.line.answer_id)},{t.line.answer_id}" for t in tickets
    ]
    assert len(printed) == 61


def test_the_command_refuses_another_manifest_or_a_seed_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(write_manifest(lines(3)), encoding="utf-8")
    assert main([str(path), SEED, "--expect", "0" * 64]) == 2
    assert "not the published one" in capsys.readouterr().err
    assert main([str(path), "123"]) == 2
    path.write_text("nothing", encoding="utf-8")
    assert main([str(path), SEED]) == 2
    assert capsys.readouterr().out == ""
