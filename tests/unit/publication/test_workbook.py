"""The workbook's own formulas, recalculated by LibreOffice, give the program's index."""

import io
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from tests.unit.index.sample import sample_scheme, tally
from tests.worlds.random_years import edition_of, random_year
from webapp.papers.publication.workbook import write_workbook
from webapp.par_index.outcome import UnitIndex
from webapp.par_index.snapshot import AppraisedInput, Snapshot, UnitInputs
from webapp.par_index.survey import UnitSurvey

SHEETS = {
    "Bìa", "Chi tiết tiêu chí", "Phân bố trả lời", "Điểm điều tra", "Thu hồi phiếu", "Phiếu loại", "Tham số",
    "Nhật ký",
}  # fmt: skip


def recalculated(books: Sequence[bytes], folder: Path) -> list[Workbook]:
    """The workbooks as LibreOffice computes them; one start of the program for all."""
    paths = []
    for number, data in enumerate(books):
        paths.append(folder / f"{number}.xlsx")
        paths[-1].write_bytes(data)
    out = folder / "out"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(out),
        *map(str, paths),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return [load_workbook(out / path.name, data_only=True) for path in paths]


def ranking(book: Workbook) -> dict[str, tuple[object, ...]]:
    """Code → total, index, class and rank as computed, and whether the workbook says that they agree."""
    [name] = [name for name in book.sheetnames if name.startswith("Xếp hạng")]
    rows = book[name].iter_rows(min_row=4, values_only=True)
    return {str(row[1]): (row[5], row[7], row[8], row[0], row[11]) for row in rows if row[1]}


def expected(unit: UnitIndex) -> tuple[object, ...]:
    if unit.index_percent is None:
        return (pytest.approx(float(unit.total)), None, None, None, "khớp")
    numbers = (pytest.approx(float(unit.total)), pytest.approx(float(unit.index_percent)))
    return (*numbers, unit.class_label, unit.rank, "khớp")


@pytest.fixture
def soffice() -> None:
    """LibreOffice, which `make setup` installs."""
    assert shutil.which("soffice"), "run make setup"


@pytest.mark.slow
@pytest.mark.usefixtures("soffice")
def test_libreoffice_computes_the_same_index(tmp_path: Path) -> None:
    editions = [edition_of(random_year(seed)) for seed in range(12)]
    books = recalculated([write_workbook(edition) for edition in editions], tmp_path)
    for edition, book in zip(editions, books, strict=True):
        units = edition.result.levels[0].units
        blank = {code: tuple(v if v != "" else None for v in line) for code, line in ranking(book).items()}
        assert blank == {unit.code: expected(unit) for unit in units}
        assert set(book.sheetnames) >= SHEETS


def sample_edition(*, shows_small_cells: bool) -> bytes:
    """Two divisions of the sample's scheme; three leaders answered CH1, twelve people everything else."""
    scheme = sample_scheme("division")
    tallies = tuple(
        tally(q.form, group, q.code, {"1": 3} if q.form == "CH1" else {"1": 8, "2": 4})
        for q in scheme.questions
        for pool in scheme.pools
        if pool.form == q.form
        for group in pool.groups
    )
    scores = tuple(AppraisedInput(leaf.code, leaf.maximum) for leaf in scheme.appraised)
    units = tuple(
        UnitInputs(code, name, "division", n, scores, UnitSurvey(tallies))
        for n, (code, name) in enumerate([("NV", "=HYPERLINK(1)"), ("TP", "Phòng Tư pháp")])
    )
    snapshot = Snapshot(2020, "UBND huyện Thử", (scheme,), units)
    return write_workbook(edition_of(snapshot, shows_small_cells=shows_small_cells))


def test_text_is_never_a_formula() -> None:
    book = load_workbook(io.BytesIO(sample_edition(shows_small_cells=True)))
    cell = book["Xếp hạng Cấp division"]["C4"]
    assert (cell.value, cell.data_type) == ("'=HYPERLINK(1)", "s")


@pytest.mark.slow
@pytest.mark.usefixtures("soffice")
def test_everybodys_copy_hides_small_cells_and_ranks_all_the_same(tmp_path: Path) -> None:
    [open_book, public_book] = recalculated(
        [sample_edition(shows_small_cells=True), sample_edition(shows_small_cells=False)], tmp_path
    )
    forms = [{str(r[3])[:3] for r in b["Phân bố trả lời"].iter_rows(min_row=4, values_only=True)}
             for b in (open_book, public_book)]  # fmt: skip
    assert "CH1" in forms[0]
    assert "CH1" not in forms[1]
    assert forms[1], "what enough people answered stays"
    assert ranking(open_book) == ranking(public_book)
    assert all(line[-1] == "khớp" for line in ranking(public_book).values())


@pytest.mark.slow
@pytest.mark.usefixtures("soffice")
def test_a_changed_input_is_said_and_ranked_anew(tmp_path: Path) -> None:
    edition = edition_of(random_year(3))
    unit = edition.result.levels[0].units[0]
    wrong = replace(unit, index_percent=(unit.index_percent or Decimal(0)) + Decimal("0.01"))
    level = replace(edition.result.levels[0], units=(wrong, *edition.result.levels[0].units[1:]))
    altered = replace(edition, result=replace(edition.result, levels=(level,)))
    [book] = recalculated([write_workbook(altered)], tmp_path)
    assert ranking(book)[unit.code][-1] == "LỆCH"
