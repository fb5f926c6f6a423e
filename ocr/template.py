"""What a questionnaire asks: the definition of one form version, read from `forms_templates/<CODE>/v<n>/`.

`form.toml` holds the structure, `strings.vi.toml` and `strings.en.toml` the words. A version is immutable
once printed. Where things stand on the paper is not here but in the committed `layout.json`, which
`ocr.typeset` makes; `FormLibrary` gives both:

    library = FormLibrary(Path("forms_templates"))
    form = library.form("CX4", 1)            # FormTemplate
    layout = library.layout("CX4", 1)        # ocr.layout.Layout
    form.text("CX4.1", "vi"); form.option_labels("CX4.1", "vi")

Options are called "1", "2", … in printed order.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from ocr.errors import TemplateInvalid
from ocr.layout import Layout, read_layout

SCHEMA: Final = "chamdiem-form/1"
LANGUAGES: Final = ("vi", "en")
MIN_OPTIONS: Final = 2
MAX_OPTIONS: Final = 6

Language = Literal["vi", "en"]

_CODE = re.compile(r"[A-Z0-9]{1,8}")
_LEVEL = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WORDS: Final = (
    "title",
    "about",
    "evaluated",
    "purpose",
    "how_to",
    "how_to_mark",
    "how_to_correct",
    "how_to_keep",
    "head_section",
    "question_section",
    "question_section_continued",
    "thanks",
    "form_number",
    "serial",
    "serial_note",
    "page",
    "turn_over",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """A set of answers that questions share; `options` is how many there are."""

    id: str
    options: int


@dataclass(frozen=True, slots=True)
class HeadField:
    """A question about the respondent; `options` is how many answers it has."""

    id: str
    options: int


@dataclass(frozen=True, slots=True)
class Question:
    """A scored question; `number` is the printed one, from 1."""

    id: str
    number: int
    scale: Scale


@dataclass(frozen=True, slots=True)
class Comment:
    """The handwriting box: how many ruled lines, and how far apart in mm."""

    id: str
    lines: int
    line_mm: float


@dataclass(frozen=True, slots=True)
class PrintStyle:
    """How roomy the print is: least row heights per side in mm, text size in points.

    `first_on_back` is the id of the first question of side 2.
    """

    first_on_back: str
    text_pt: float
    row_mm: tuple[float, float]
    head_row_mm: float


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a form in one language. `fixed` holds title, purpose and the like, by name."""

    fixed: Mapping[str, str]
    groups: Mapping[str, str]
    texts: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FormTemplate:
    """One form version. `level` is the code of the level of units that it is about.

    `template_sha256` is the hash of everything that is printed (form.toml and the Vietnamese words).
    """

    code: str
    version: int
    level: str
    groups: tuple[str, ...]
    scales: tuple[Scale, ...]
    head: tuple[HeadField, ...]
    questions: tuple[Question, ...]
    comment: Comment
    style: PrintStyle
    words: Mapping[str, Words]
    template_sha256: str

    def choice_codes(self) -> tuple[str, ...]:
        """The field codes with bubbles, in printed order: head fields, then questions."""
        return tuple(f.id for f in self.head) + tuple(q.id for q in self.questions)

    def option_count(self, field_code: str) -> int:
        """How many bubbles a choice field has; KeyError for an unknown field."""
        counts = {f.id: f.options for f in self.head} | {q.id: q.scale.options for q in self.questions}
        return counts[field_code]

    def text(self, field_code: str, language: str = "vi") -> str:
        """The printed words of a question, head field or comment box; KeyError for an unknown field."""
        return self.words[language].texts[field_code]

    def option_labels(self, field_code: str, language: str = "vi") -> tuple[str, ...]:
        """The words of options "1", "2", … of a choice field; KeyError for an unknown field."""
        return self.words[language].options[field_code]

    def group_name(self, group: str, language: str = "vi") -> str:
        """The name of a respondent group of this form; KeyError for an unknown group."""
        return self.words[language].groups[group]

    def title(self, language: str = "vi") -> str:
        """What the form is about, one sentence for lists."""
        return self.words[language].fixed["about"]


class FormLibrary:
    """The folder of forms; templates and layouts are read when first asked for, and kept."""

    def __init__(self, forms_dir: Path) -> None:
        """Take the folder that holds `<CODE>/v<n>/` (and `_fonts`, `_print` for typesetting)."""
        self.forms_dir = forms_dir
        self._forms: dict[tuple[str, int], FormTemplate] = {}
        self._layouts: dict[tuple[str, int], Layout] = {}

    @cached_property
    def _versions(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for path in sorted(self.forms_dir.glob("[A-Z]*/v*/form.toml")):
            found.setdefault(path.parts[-3], []).append(int(path.parts[-2].removeprefix("v")))
        return {code: tuple(sorted(versions)) for code, versions in found.items()}

    def codes(self) -> tuple[str, ...]:
        """All form codes, in order."""
        return tuple(self._versions)

    def versions(self, code: str) -> tuple[int, ...]:
        """The versions of a form, oldest first; empty for an unknown one."""
        return self._versions.get(code, ())

    def has(self, code: str, version: int) -> bool:
        """Whether this form version is in the library."""
        return version in self.versions(code)

    def latest(self, code: str) -> FormTemplate:
        """The newest version of a form: the one to print.

        Raises:
            TemplateInvalid: no such form, or its definition breaks a rule.
        """
        return self.form(code, max(self.versions(code), default=0))

    def folder(self, code: str, version: int) -> Path:
        """The folder of a form version.

        Raises:
            TemplateInvalid: the library has no such form version.
        """
        if not self.has(code, version):
            raise TemplateInvalid(f"Không có mẫu phiếu {code} bản {version} trong {self.forms_dir}.")
        return self.forms_dir / code / f"v{version}"

    def form(self, code: str, version: int) -> FormTemplate:
        """A form version's definition.

        Raises:
            TemplateInvalid: no such form version, or its definition breaks a rule.
        """
        key = (code, version)
        if key not in self._forms:
            self._forms[key] = read_template(self.folder(code, version))
        return self._forms[key]

    def layout(self, code: str, version: int) -> Layout:
        """A form version's committed geometry.

        Raises:
            TemplateInvalid: missing, damaged, or made from another definition than the one beside it.
        """
        key = (code, version)
        if key not in self._layouts:
            self._layouts[key] = self._read_layout(code, version)
        return self._layouts[key]

    def _read_layout(self, code: str, version: int) -> Layout:
        path = self.folder(code, version) / "layout.json"
        try:
            layout = read_layout(path)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TemplateInvalid(f"Không đọc được {path}: {error}") from error
        if layout.template_sha256 != self.form(code, version).template_sha256:
            raise TemplateInvalid(
                f"{path} không ứng với form.toml bên cạnh; bản đã in phải giữ nguyên, hãy lập v{version + 1}."
            )
        return layout


def read_template(folder: Path) -> FormTemplate:
    """Read and check the form version in `<CODE>/v<n>/`.

    Raises:
        TemplateInvalid: a file is missing or no TOML, or the definition breaks a rule; the message names it.
    """
    try:
        raw = tomllib.loads((folder / "form.toml").read_text(encoding="utf-8"))
        spoken = {
            language: tomllib.loads((folder / f"strings.{language}.toml").read_text(encoding="utf-8"))
            for language in LANGUAGES
        }
        form = _template(raw, spoken, _printed_sha256(folder))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateInvalid(f"Không đọc được mẫu phiếu ở {folder}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise TemplateInvalid(f"Mẫu phiếu ở {folder} thiếu hoặc thừa mục {error}") from error
    faults = list(_faults(form, folder))
    if faults:
        raise TemplateInvalid(f"Mẫu phiếu ở {folder}: " + "; ".join(faults))
    return form


def _printed_sha256(folder: Path) -> str:
    """Hash what is printed; line ends do not count, so that a checkout elsewhere gives the same hash."""
    digest = hashlib.sha256()
    for name in ("form.toml", "strings.vi.toml"):
        digest.update((folder / name).read_text(encoding="utf-8").encode("utf-8") + b"\0")
    return digest.hexdigest()


def _template(raw: dict[str, Any], spoken: dict[str, dict[str, Any]], sha256: str) -> FormTemplate:
    if raw["schema"] != SCHEMA:
        raise TemplateInvalid(f"Mẫu phiếu theo lược đồ {raw['schema']!r}, cần {SCHEMA!r}")
    scales = {name: Scale(name, options) for name, options in raw["scales"].items()}
    questions = tuple(
        Question(entry["id"], number, scales[entry["scale"]])
        for number, entry in enumerate(raw["questions"], 1)
    )
    style = raw["print"]
    return FormTemplate(
        code=raw["code"],
        version=raw["version"],
        level=raw["level"],
        groups=tuple(raw["groups"]),
        scales=tuple(scales.values()),
        head=tuple(HeadField(**entry) for entry in raw.get("head", ())),
        questions=questions,
        comment=Comment(**raw["comment"]),
        style=PrintStyle(**{**style, "row_mm": tuple(style["row_mm"])}),
        words={language: _words(texts, questions) for language, texts in spoken.items()},
        template_sha256=sha256,
    )


def _words(raw: dict[str, Any], questions: tuple[Question, ...]) -> Words:
    head = raw.get("head", {})
    options = {name: tuple(entry["options"]) for name, entry in head.items()}
    options |= {question.id: tuple(raw["scales"][question.scale.id]) for question in questions}
    return Words(
        fixed={name: raw[name] for name in _WORDS},
        groups=dict(raw["groups"]),
        texts={name: entry["text"] for name, entry in head.items()} | raw["questions"] | raw["comment"],
        options=options,
    )


def _faults(form: FormTemplate, folder: Path) -> Iterator[str]:
    """Everything that is wrong with a definition whose parts are all there."""
    if (form.code, f"v{form.version}") != (folder.parent.name, folder.name):
        yield f"thư mục không khớp {form.code} bản {form.version}"
    if _LEVEL.fullmatch(form.level) is None:
        yield f"cấp {form.level!r} không phải một mã"
    for code in (form.code, *form.groups):
        if _CODE.fullmatch(code) is None:
            yield f"mã {code!r} không in được vào mã vạch"
    yield from _structure_faults(form)
    for language in LANGUAGES:
        yield from _word_faults(form, language)


def _structure_faults(form: FormTemplate) -> Iterator[str]:
    ids = (*form.choice_codes(), form.comment.id)
    if len(set(ids)) != len(ids):
        yield "có mã câu hỏi bị trùng"
    if not form.groups or len(set(form.groups)) != len(form.groups):
        yield "nhóm trả lời trống hoặc bị trùng"
    for field in ids[:-1]:
        if not MIN_OPTIONS <= form.option_count(field) <= MAX_OPTIONS:
            yield f"{field} phải có từ {MIN_OPTIONS} đến {MAX_OPTIONS} phương án"
    if form.style.first_on_back not in {question.id for question in form.questions[1:]}:
        yield f"câu đầu mặt sau {form.style.first_on_back!r} không có"


def _word_faults(form: FormTemplate, language: str) -> Iterator[str]:
    words = form.words[language]
    wanted = {*form.choice_codes(), form.comment.id}
    if set(words.texts) != wanted:
        yield f"lời ({language}) thừa hoặc thiếu: {', '.join(sorted(set(words.texts) ^ wanted))}"
    if set(words.groups) != set(form.groups):
        yield f"tên nhóm ({language}) thừa hoặc thiếu"
    for field in form.choice_codes():
        if len(words.options.get(field, ())) != form.option_count(field):
            yield f"{field} ({language}) không đủ {form.option_count(field)} phương án"
    texts = [*words.fixed.values(), *words.groups.values(), *words.texts.values()]
    texts += [label for labels in words.options.values() for label in labels]
    if any(not text.strip() for text in texts):
        yield f"có lời ({language}) để trống"
