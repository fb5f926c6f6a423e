"""Forms are read as they are written, and refused by name where they break a rule."""

import shutil
from pathlib import Path

import pytest

from ocr.errors import TemplateInvalid
from ocr.template import FormLibrary, read_template

FORMS_DIR = Path(__file__).parents[3] / "forms_templates"


@pytest.fixture
def forms_dir(tmp_path: Path) -> Path:
    """A library with CX1 alone, free to break."""
    shutil.copytree(FORMS_DIR / "CX1", tmp_path / "CX1")
    return tmp_path


def edit(forms_dir: Path, name: str, old: str, new: str) -> Path:
    """Replace text that must be there in a file of CX1, and give the form's folder."""
    path = forms_dir / "CX1" / "v1" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path.parent


def test_a_form_knows_its_questions_in_both_languages() -> None:
    form = FormLibrary(FORMS_DIR).form("CX4", 1)
    assert form.choice_codes()[:6] == (
        "doi_tuong",
        "gioi_tinh",
        "do_tuoi",
        "trinh_do",
        "nghe_nghiep",
        "CX4.1",
    )
    assert form.option_count("CX4.1") == 5
    assert form.option_labels("CX4.11") == ("Không", "Có")
    assert form.option_labels("CX4.11", "en") == ("No", "Yes")
    assert form.text("CX4.17") == "Mức độ hài lòng chung đối với sự phục vụ của UBND xã"
    assert form.text("gioi_tinh", "en") == "Sex"
    assert form.group_name("DN") == "Doanh nghiệp, cơ sở sản xuất, người dân"
    assert form.questions[-1].number == 17


def test_the_library_lists_what_it_has() -> None:
    library = FormLibrary(FORMS_DIR)
    assert library.codes() == ("CH1", "CH2", "CH3", "CH4", "CX1", "CX2", "CX3", "CX4")
    assert library.versions("CX4") == (1,)
    assert library.has("CX4", 1)
    assert not library.has("CX4", 2)
    assert not library.has("_fonts", 1)
    assert library.latest("CX4") is library.form("CX4", 1)
    assert library.layout("CX4", 1).template_sha256 == library.form("CX4", 1).template_sha256


@pytest.mark.parametrize(("code", "version"), [("CX9", 1), ("CX4", 7), ("../CX4", 1)])
def test_an_unknown_form_is_refused(code: str, version: int) -> None:
    with pytest.raises(TemplateInvalid, match="Không có mẫu phiếu"):
        FormLibrary(FORMS_DIR).form(code, version)


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("form.toml", 'schema = "chamdiem-form/1"', 'schema = "chamdiem-form/9"', "lược đồ"),
        ("form.toml", "version = 1", "version = 2", "thư mục không khớp"),
        ("form.toml", 'level = "commune"', 'level = "Cấp xã"', "cấp 'Cấp xã'"),
        ("form.toml", 'groups = ["DB", "LD"]', 'groups = ["đb", "LD"]', "không in được vào mã"),
        ("form.toml", 'groups = ["DB", "LD"]', 'groups = ["DB", "DB"]', "nhóm trả lời"),
        ("form.toml", 'id = "CX1.2"', 'id = "CX1.1"', "bị trùng"),
        ("form.toml", "options = 5", "options = 7", "từ 2 đến 6 phương án"),
        ("form.toml", 'first_on_back = "CX1.5"', 'first_on_back = "CX1.99"', "câu đầu mặt sau"),
        ("form.toml", 'scale = "ph4"', 'scale = "nowhere"', "nowhere"),
        ("form.toml", "[comment]", "[remark]", "comment"),
        ("form.toml", "lines = 4", "lines = 4\ncolour = 1", "colour"),
        ("form.toml", "[print]", "[print", "Không đọc được"),
        ("strings.vi.toml", "thanks = ", "thank = ", "thanks"),
        ("strings.vi.toml", '"CX1.7" = ', '"CX1.77" = ', "CX1.7"),
        ("strings.en.toml", '"Poor"]', '"Poor", "Awful"]', "không đủ 4 phương án"),
        ("strings.en.toml", 'DB = "Deputies', 'DD = "Deputies', "tên nhóm (en)"),
        ("strings.en.toml", 'text = "Sex"', 'text = " "', "để trống"),
    ],
)
def test_a_broken_form_is_refused_by_name(
    forms_dir: Path, name: str, old: str, new: str, complaint: str
) -> None:
    folder = edit(forms_dir, name, old, new)
    with pytest.raises(TemplateInvalid) as caught:
        read_template(folder)
    assert complaint in str(caught.value)
    assert str(folder) in str(caught.value) or "lược đồ" in complaint


def test_a_missing_language_is_refused(forms_dir: Path) -> None:
    (forms_dir / "CX1" / "v1" / "strings.en.toml").unlink()
    with pytest.raises(TemplateInvalid, match=r"strings\.en\.toml"):
        FormLibrary(forms_dir).form("CX1", 1)


def test_only_what_is_printed_counts_for_the_hash(forms_dir: Path) -> None:
    before = read_template(forms_dir / "CX1" / "v1").template_sha256
    english = edit(forms_dir, "strings.en.toml", "Sex", "Gender")
    assert read_template(english).template_sha256 == before
    vietnamese = edit(forms_dir, "strings.vi.toml", "Giới tính", "Giới")
    assert read_template(vietnamese).template_sha256 != before


def test_a_layout_of_another_definition_is_refused(forms_dir: Path) -> None:
    edit(forms_dir, "strings.vi.toml", "Giới tính", "Giới")
    with pytest.raises(TemplateInvalid, match="phải giữ nguyên"):
        FormLibrary(forms_dir).layout("CX1", 1)


@pytest.mark.parametrize("content", [None, "{", '{"schema": "other/1"}', '{"schema": "chamdiem-layout/1"}'])
def test_a_missing_or_damaged_layout_is_refused(forms_dir: Path, content: str | None) -> None:
    path = forms_dir / "CX1" / "v1" / "layout.json"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(TemplateInvalid, match=r"layout\.json"):
        FormLibrary(forms_dir).layout("CX1", 1)
