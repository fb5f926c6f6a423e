"""The report of an accuracy run in Markdown, with the reliability picture beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ocr.accuracy.families import family_sections
from ocr.accuracy.picture import reliability_picture
from ocr.accuracy.reliability import Reliability, band_names
from ocr.accuracy.results import ChunkResult
from ocr.accuracy.runs import LOG, PICTURE_NAME
from ocr.accuracy.summary import (
    Summary,
    Target,
    misidentified_pages,
    pages_with_error,
    refused_pages,
    review,
    silent_errors,
    wrong_positions,
)
from ocr.accuracy.words import bound_words, percent, share_words, table
from ocr.deck.bounds import Rate, rate
from ocr.deck.judge import UNAVOIDABLE, Review

_LISTED = 200
_ABOUT = (
    "These figures are about simulated sheets: printed by the program, filled in by simulated people, "
    "scanned by a simulated scanner. They bound what the reader does on such decks, not what it does on "
    "paper. A *position* is one bubble; a *silent error* is an answer that was accepted without a person and "
    "is wrong; *accepted positions* are the bubbles of accepted answers. Every bound is the exact one-sided "
    "95 % bound (Clopper-Pearson); it takes positions as independent, while errors of one page come "
    "together, so the bound for pages with any error stands beside it. Forms stand in the proportions of the "
    "district's campaign, seeds are drawn from the commit, and all that was read is counted."
)
_REVIEW_WORDS = {
    Review.BLANK: "truly blank",
    Review.DOUBLE: "truly two answers",
    Review.CORRECTION: "truly corrected or taken back",
    Review.STRUCTURAL: "the page: streak, place, poor picture",
    Review.LOW_CONFIDENCE: "the machine is not sure",
    Review.REFUSED: "on a refused page",
}


def write_report(summary: Summary, runs_made: int, out: Path) -> None:
    """Write the Markdown to `out` and the picture beside it; `runs_made` is what the log of runs holds."""
    out.parent.mkdir(parents=True, exist_ok=True)
    bands = summary.over(summary.profiles).reliability.together()
    title = f"Stated probability against observed error, commit {summary.run.commit[:8]}"
    out.with_name(PICTURE_NAME).write_text(reliability_picture(bands, title), "utf-8")
    out.write_text("\n".join(_lines(summary, runs_made)) + "\n", "utf-8")


def _lines(summary: Summary, runs_made: int) -> Iterator[str]:
    yield from _head(summary, runs_made)
    yield from _targets(summary)
    yield from _profiles(summary)
    yield from _silent(summary)
    yield from _review(summary)
    for name, result in summary.profiles.items():
        yield from family_sections(name, result)
    yield from _pages(summary)
    yield from _reliability(summary.over(summary.profiles).reliability)


def _head(summary: Summary, runs_made: int) -> Iterator[str]:
    run = summary.run
    yield "# Accuracy of the reader on fresh decks"
    yield ""
    if run.rehearsal:
        yield "**This is a rehearsal: the code may differ from the commit, and no log counts it.**"
        yield ""
    if not summary.complete:
        yield (
            "**This run is partial: it was stopped before all positions were read. "
            "What was read is counted in full.**"
        )
        yield ""
    yield from table(
        ("", ""),
        [
            ("command", "`make accuracy` (`python -m ocr accuracy`)"),
            ("commit", f"`{run.commit}`"),
            ("run", run.name),
            ("full runs started so far, this one included", f"{runs_made} ([log]({LOG.name}))"),
            ("seed", f"`{run.seed}`, from the commit and the run"),
            ("started", run.started),
            ("processor time", f"{summary.over(summary.profiles).seconds / 3600:.1f} h"),
        ],
    )
    yield ""
    yield _ABOUT


def _targets(summary: Summary) -> Iterator[str]:
    yield ""
    yield "## Targets"
    yield ""
    targets = summary.targets()
    yield from table(
        ("target", "at most", "measured", "of", "share", "95 % bound", ""),
        [_target_row(target) for target in targets],
    )
    yield ""
    yield (
        "Wrong positions are held to their bound and need the number of accepted positions given; the others "
        "are held to the share that was measured. Review counts beyond true blanks, doubles and corrections."
    )


def _target_row(target: Target) -> Sequence[str]:
    needed = f" in at least {target.needed:,}" if target.needed else ""
    if target.limit == 0:
        limit = "none"
    elif target.needed or "refused" in target.name:
        limit = f"1 in {round(1 / target.limit):,}"
    else:
        limit = percent(target.limit)
    verdict = {True: "met", False: "**missed**", None: "not measured"}[target.met]
    return (target.name, limit + needed, *_rate_cells(target.rate), verdict)


def _rate_cells(measured: Rate) -> tuple[str, str, str, str]:
    return f"{measured.count:,}", f"{measured.total:,}", share_words(measured), bound_words(measured)


def _profiles(summary: Summary) -> Iterator[str]:
    yield ""
    yield "## By profile"
    for name, result in summary.profiles.items():
        total = result.total
        wanted = summary.run.wanted[name]
        yield ""
        yield f"### {name}"
        yield ""
        yield (
            f"{total.pages:,} pages, {total.answers:,} answers, {total.accepted:,} of them accepted: "
            f"{total.positions_accepted:,} accepted positions of {wanted:,} wanted."
        )
        yield ""
        yield from table(
            ("", "count", "of", "share", "95 % bound"),
            [
                ("wrong positions", *_rate_cells(wrong_positions(result))),
                ("silent errors", *_rate_cells(silent_errors(result))),
                (
                    "of these, marks that no eye can see",
                    *_rate_cells(rate(total.silent_invisible, total.accepted)),
                ),
                ("pages with any silent error", *_rate_cells(pages_with_error(result))),
                ("review beyond true cases", *_rate_cells(review(result))),
                ("review in all", *_rate_cells(rate(total.reviewed, total.answers))),
                ("pages refused", *_rate_cells(refused_pages(result))),
                ("pages read as another sheet", *_rate_cells(misidentified_pages(result))),
                ("paper without a sheet, read", *_rate_cells(rate(result.no_sheet_read, result.no_sheet))),
            ],
        )


def _silent(summary: Summary) -> Iterator[str]:
    errors = summary.over(summary.profiles).silent
    yield ""
    yield "## Silent errors"
    yield ""
    if not errors:
        yield "None."
        return
    yield f"All {len(errors)}." if len(errors) <= _LISTED else f"The first {_LISTED} of {len(errors)}."
    for error in errors[:_LISTED]:
        seen = "" if error["visible"] else ", a mark that no eye can see"
        yield ""
        yield (
            f"- {_place_words(error)}, {error['field']}: read {error['read'] or 'blank'}, "
            f"truth {_truth_words(error['truth'])} ({error['why']}; {error['style'] or 'no mark'}, "
            f"{error['event']}{seen}; stated {error['confidence']}; contrast {error['contrast']}); "
            f"{', '.join(error['families'])}."
        )
        yield f"  `{error['command']}`"


def _place_words(found: dict[str, Any]) -> str:
    """Where a page of the regenerated deck is."""
    return (
        f"{found['profile']}, {found['form']}, sheet {found['serial']} side {found['page']}, "
        f"page {(found['page_index'] or 0) + 1} of {found['source']}"
    )


def _truth_words(truth: str | list[str] | None) -> str:
    if truth is None:
        return "blank"
    return truth if isinstance(truth, str) else " + ".join(truth)


def _review(summary: Summary) -> Iterator[str]:
    yield ""
    yield "## Review by reason"
    yield ""
    names = list(summary.profiles)
    yield from table(
        ("why a person is shown an answer (share of all answers)", *names),
        [
            (
                f"{_REVIEW_WORDS[kind]}{'' if kind in UNAVOIDABLE else ' †'}",
                *(_review_cell(summary.profiles[name], kind.value) for name in names),
            )
            for kind in Review
        ],
    )
    yield ""
    yield "† beyond true cases. These by what the reader said of them (an answer may carry several):"
    yield ""
    flags = sorted({flag for result in summary.profiles.values() for flag in result.reasons})
    yield from table(
        ("flag", *names),
        [(f"`{flag}`", *(f"{summary.profiles[name].reasons[flag]:,}" for name in names)) for flag in flags],
    )


def _review_cell(result: ChunkResult, kind: str) -> str:
    counted = rate(result.review[kind], result.total.answers)
    return f"{counted.count:,} ({share_words(counted)})"


def _pages(summary: Summary) -> Iterator[str]:
    pages = summary.over(summary.profiles).pages
    yield ""
    yield "## Pages refused, or read as another sheet"
    yield ""
    if not pages:
        yield "None."
        return
    counted: dict[tuple[str, str, str], int] = {}
    for page in pages:
        key = (page["profile"], page["fate"], ", ".join(f"`{flag}`" for flag in page["flags"]))
        counted[key] = counted.get(key, 0) + 1
    yield from table(
        ("profile", "what became of it", "flags", "pages"),
        [(*key, f"{count:,}") for key, count in sorted(counted.items())],
    )
    plainly_wrong = [page for page in pages if page["fate"] != "refused"]
    shown = [
        *plainly_wrong,
        *(page for page in pages if page["profile"] == "office" and page["fate"] == "refused"),
    ]
    if shown:
        yield ""
        yield "Those of `office`, and any that was not refused but read wrongly or lost:"
    for page in shown[:_LISTED]:
        yield ""
        said = f"{page['fate']} ({', '.join(page['flags'])})"
        yield f"- {_place_words(page)}: {said}; {', '.join(page['families'])}."
        yield f"  `{page['command']}`"


def _reliability(reliability: Reliability) -> Iterator[str]:
    yield ""
    yield "## Stated probability against observed error"
    yield ""
    yield f"![Reliability by decile]({PICTURE_NAME})"
    yield ""
    yield (
        "All answers with one true option for which the reader names a value, accepted or not. "
        "The last decile is cut twice more, since nearly all answers lie there."
    )
    yield ""
    rows = []
    groups = zip(band_names(), reliability.together(), reliability.accepted, strict=True)
    for name, band, accepted in groups:
        wrong = rate(band.answers - band.right, band.answers)
        stated = percent(1 - band.stated / band.answers) if band.answers else "–"
        rows.append(
            (
                name,
                f"{band.answers:,}",
                stated,
                f"{wrong.count:,}",
                share_words(wrong),
                bound_words(wrong),
                f"{accepted.answers:,}",
                f"{accepted.answers - accepted.right:,}",
            )
        )
    yield from table(
        ("stated", "answers", "error stated", "wrong", "share", "95 % bound", "accepted", "accepted, wrong"),
        rows,
    )
