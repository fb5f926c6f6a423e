"""`chamdiem forms`: print sheets, check the forms, set the layout of a new version."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ocr.errors import OcrError, TemplateInvalid
from ocr.layout import layout_as_json
from ocr.printing import PrintRun, print_sheets
from ocr.template import FormLibrary, FormTemplate
from ocr.typeset import set_form
from webapp.campaign_plan.plan import UnitPlan
from webapp.cli.parsers import Groups
from webapp.services.campaigns import sample_plan
from webapp.services.imprint import imprint_of

FORMS_DIR = Path(__file__).parents[2] / "forms_templates"


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `forms print`, `forms check` and `forms set`."""
    parser = groups.add_parser("forms", help="print, check and set the questionnaires")
    parser.add_argument("--forms-dir", type=Path, default=FORMS_DIR, help="where the forms are")
    acts = parser.add_subparsers(dest="act", required=True)
    _add_print(acts)
    check = acts.add_parser("check", help="check all forms, and that each still prints as its layout says")
    check.set_defaults(run=_guarded(_check))
    typeset = acts.add_parser("set", help="make the layout.json of a new form version")
    typeset.add_argument("--form", required=True)
    typeset.add_argument("--version", type=int, required=True)
    typeset.set_defaults(run=_guarded(_set_layout))


def _add_print(acts: "Groups[argparse.ArgumentParser]") -> None:
    plan = sample_plan()
    parser = acts.add_parser("print", help="write a PDF of personal sheets")
    parser.add_argument("--form", required=True, help="CH1 … CX4")
    parser.add_argument("--group", help="respondent group; may be left out where a form has only one")
    parser.add_argument("--unit", required=True, help="code of the evaluated unit, such as 19186 or NV")
    parser.add_argument("--unit-name", help="its name as printed; the sample's units know theirs")
    parser.add_argument("--count", type=int, default=1, help="how many sheets")
    parser.add_argument("--first-serial", type=int, default=1)
    parser.add_argument("--office", default=plan.office_name, help="whose name stands at the top")
    parser.add_argument("--year", type=int, default=plan.year, help="the evaluated year")
    parser.add_argument("--out", type=Path, required=True, help="the PDF")
    parser.add_argument("--layout", type=Path, help="also write the layout (chamdiem-layout/1) here")
    parser.set_defaults(run=_guarded(_print))


def _guarded(act: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], int]:
    """One clear line and the error's own exit code instead of a traceback."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            act(arguments)
        except OcrError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
        return 0

    return run


def _print(arguments: argparse.Namespace) -> None:
    library = FormLibrary(arguments.forms_dir)
    form = library.latest(arguments.form)
    if arguments.count < 1 or arguments.first_serial < 1:
        raise TemplateInvalid("Số tờ và số phiếu đầu tiên phải từ 1 trở lên.")
    run = PrintRun(
        form=form.code,
        version=form.version,
        group=arguments.group or _only_group(form),
        unit=arguments.unit,
        unit_name=arguments.unit_name or _sample_unit(form, arguments.unit).name,
        serials=range(arguments.first_serial, arguments.first_serial + arguments.count),
        imprint=imprint_of(arguments.office, arguments.year),
    )
    layout = print_sheets(library, run, arguments.out)
    if arguments.layout is not None:
        arguments.layout.write_text(layout_as_json(layout), encoding="utf-8")
    sys.stdout.write(
        f"{arguments.out}: {arguments.count} tờ {form.code}, nhóm {run.group}, {run.unit_name}\n"
    )


def _only_group(form: FormTemplate) -> str:
    if len(form.groups) > 1:
        raise TemplateInvalid(
            f"{form.code} có nhiều nhóm trả lời; chọn --group {' hoặc '.join(form.groups)}."
        )
    return form.groups[0]


def _sample_unit(form: FormTemplate, code: str) -> UnitPlan:
    for unit in sample_plan().units:
        if unit.code == code and unit.level == form.level:
            return unit
    raise TemplateInvalid(f"{form.code} không hỏi về đơn vị có mã {code} trong mẫu; ghi rõ --unit-name.")


def _check(arguments: argparse.Namespace) -> None:
    library = FormLibrary(arguments.forms_dir)
    imprint = imprint_of(sample_plan().office_name, sample_plan().year)
    for code in library.codes():
        for version in library.versions(code):
            typeset = set_form(library, code, version, "", imprint)
            if typeset.layout != library.layout(code, version):
                raise TemplateInvalid(f"Bản in của {code} bản {version} lệch so với layout.json của nó.")
            sys.stdout.write(f"{code} v{version}: đúng\n")


def _set_layout(arguments: argparse.Namespace) -> None:
    library = FormLibrary(arguments.forms_dir)
    path = library.folder(arguments.form, arguments.version) / "layout.json"
    if path.exists():
        raise TemplateInvalid(f"{path} đã có: bản đã in không đổi được. Lập bản v{arguments.version + 1}.")
    imprint = imprint_of(sample_plan().office_name, sample_plan().year)
    typeset = set_form(library, arguments.form, arguments.version, "", imprint)
    path.write_text(layout_as_json(typeset.layout), encoding="utf-8")
    sys.stdout.write(f"{path}\n")
