"""The real reader behind the worker: a printed stack becomes answers, crops, previews and drafts."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.errors import TemplateInvalid
from ocr.model import Flag, PageStatus
from ocr.printing import PrintRun, print_sheets
from ocr.template import FormLibrary
from tests.clients import FORMS_DIR
from webapp.jobs.tasks import DraftDone, DraftTask, ReadDone, ReadTask, SplitDone, SplitTask, TaskFailed
from webapp.storage import ScanStore
from webapp.worker import PaperEngine

MAX_BYTES = 50_000_000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> PaperEngine:
    return PaperEngine(FORMS_DIR, tmp_path_factory.mktemp("scans"), MAX_BYTES)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two empty sheets of CX4, as they come from the printer."""
    path = tmp_path_factory.mktemp("printed") / "two.pdf"
    run = PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", [1, 2])
    print_sheets(FormLibrary(FORMS_DIR), run, path)
    return path


def stored(engine: PaperEngine, name: str | None) -> bytes:
    assert name is not None
    store: ScanStore = engine._store
    return store.path(name).read_bytes()


def test_a_file_is_split_by_its_headers(engine: PaperEngine, printed: Path) -> None:
    assert engine.perform(SplitTask(printed)) == SplitDone(4)


def test_any_page_is_read_by_itself(engine: PaperEngine, printed: Path) -> None:
    done = engine.perform(ReadTask(printed, 3, "chồng phiếu.pdf"))
    assert isinstance(done, ReadDone)
    reading = done.reading
    assert reading.identity is not None
    assert (reading.identity.serial, reading.identity.page) == (2, 2)
    assert (reading.source, reading.page_index, reading.status) == ("chồng phiếu.pdf", 3, PageStatus.FLAGGED)
    doubtful = {field.code for field in reading.fields if not field.accepted}
    assert doubtful == set(done.crops)
    assert len(doubtful) == len(reading.fields) > 0
    for name in (*done.crops.values(), done.preview_sha256):
        assert stored(engine, name)[:3] == b"\xff\xd8\xff"


def test_a_page_that_is_no_sheet_has_a_preview_and_no_crops(engine: PaperEngine, tmp_path: Path) -> None:
    picture = tmp_path / "blank.png"
    cv2.imwrite(str(picture), np.full((2339, 1654), 250, np.uint8))
    done = engine.perform(ReadTask(picture, 0, "blank.png"))
    assert isinstance(done, ReadDone)
    assert done.reading.flags == (Flag.BLANK_PAGE,)
    assert done.crops == {}
    assert stored(engine, done.preview_sha256)[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty"), (b"%PDF-1.7 cut off", "damaged"), (b"garbage", "not_a_scan")]
)
def test_an_unsound_file_is_final(engine: PaperEngine, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    failed = engine.perform(SplitTask(path))
    assert isinstance(failed, TaskFailed)
    assert (failed.code, failed.is_final) == (code, True)


def test_a_file_over_the_limit_is_not_opened(printed: Path, tmp_path: Path) -> None:
    failed = PaperEngine(FORMS_DIR, tmp_path, 1000).perform(SplitTask(printed))
    assert isinstance(failed, TaskFailed)
    assert (failed.code, failed.is_final) == ("too_large", True)


def test_a_crop_of_words_gets_a_draft(engine: PaperEngine, tmp_path: Path) -> None:
    picture = np.full((160, 900), 255, np.uint8)
    cv2.putText(picture, "can bo than thien", (30, 100), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 0, 4)
    crop = tmp_path / "crop.jpg"
    cv2.imwrite(str(crop), picture)
    done = engine.perform(DraftTask(crop))
    assert isinstance(done, DraftDone)
    assert "than" in done.draft
    assert 0 < done.confidence <= 1


def test_without_forms_there_is_no_reader(tmp_path: Path) -> None:
    with pytest.raises(TemplateInvalid):
        PaperEngine(tmp_path, tmp_path, MAX_BYTES)
