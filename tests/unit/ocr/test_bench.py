"""The bench measures the real pipeline: what it calls a stage is what reading a page does."""

from pathlib import Path

import pytest

from ocr.bench.stages import STAGES, Stage, time_stages
from ocr.bench.table import Section, as_markdown, as_text
from ocr.cli import main
from ocr.pipeline import ReadOptions, read_page
from ocr.source import iter_pages
from ocr.template import FormLibrary

FORMS_DIR = Path(__file__).parents[3] / "forms_templates"
_GOLDEN = Path(__file__).parents[2] / "golden" / "CX4" / "corrections" / "page.jpg"
_SECTION = Section("Speed", "Of one run.", ("work", "ms"), (("read", "12.50"), ("decode and wait", "4.00")))


def test_a_table_for_a_terminal_is_aligned() -> None:
    assert as_text([_SECTION, Section("None", "", ("a", "b"), ())]) == (
        "Speed\nwork                ms\nread             12.50\ndecode and wait   4.00\nOf one run."
        "\n\nNone\na  b"
    )


def test_a_table_for_the_documents_is_markdown() -> None:
    assert as_markdown([_SECTION]) == (
        "## Speed\n\nOf one run.\n\n"
        "| work | ms |\n| --- | ---: |\n| read | 12.50 |\n| decode and wait | 4.00 |"
    )


def test_every_stage_is_a_step_that_reading_a_page_takes() -> None:
    library = FormLibrary(FORMS_DIR)

    def work() -> None:
        for page in iter_pages(_GOLDEN):
            read_page(page, library, ReadOptions(crops="all", preview=True))

    work()  # what is loaded once belongs to no page
    times = time_stages(work)
    assert list(times.by_stage) == [stage.name for stage in STAGES]
    unused = {name for name, spent in times.by_stage.items() if spent == 0}
    assert unused <= {"handwritten boxes"}, "a stage of the table that the pipeline no longer calls"
    assert sum(times.by_stage.values()) <= times.total_s


def test_a_stage_of_something_that_cannot_be_watched_is_refused() -> None:
    with pytest.raises(TypeError, match="not a plain function"):
        time_stages(lambda: None, [Stage("printing", (print,))])


@pytest.mark.slow
def test_the_command_prints_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--forms", str(FORMS_DIR), "--sheets", "1", "--rounds", "1", "--pages", "3", "--markdown"]
    assert main(["bench", *options]) == 0
    told = capsys.readouterr().out
    assert told.count("\n## ") + 1 == 6
    for words in ("× floor", "row fit", "2 processes", "| 3 |", "peak MB"):
        assert words in told
