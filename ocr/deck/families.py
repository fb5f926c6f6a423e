"""Families that can be held out of a deck whole: a fault, a way of marking, a pen, a mishap.

Names are those of the truth's tags, styles, events and kinds, so that what was held out of training can be
looked for in a score. A layout is held out by not building decks of that form.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ocr.deck.behaviour import PENS, Event, Profile, Style
from ocr.deck.tags import LOW_QUALITY
from ocr.errors import OcrError

Change = Callable[[Profile], Profile]
_NEVER_CHANGED = frozenset({Event.PLAIN})


class FamilyRefused(OcrError):
    """A family that nobody knows, or without which nothing would be left to draw with."""

    code = "family_refused"
    exit_code = 2


def without(profile: Profile, names: Iterable[str]) -> Profile:
    """The profile with these families never happening; the others keep their proportions to one another.

    Raises:
        FamilyRefused: an unknown name (the message lists all), or no style or pen is left.
    """
    for name in names:
        if name not in FAMILIES:
            raise FamilyRefused(f"Không có họ {name!r}. Các họ: {', '.join(FAMILIES)}.")
        profile = FAMILIES[name](profile)
    if not (profile.people.styles and profile.people.pens):
        raise FamilyRefused(f"Hồ sơ {profile.name} không còn kiểu đánh dấu hoặc bút nào: hãy loại ít họ hơn.")
    return profile


def _style(*styles: Style) -> Change:
    def change(profile: Profile) -> Profile:
        kept = tuple((style, share) for style, share in profile.people.styles if style not in styles)
        return replace(profile, people=replace(profile.people, styles=kept))

    return change


def _event(event: Event) -> Change:
    def change(profile: Profile) -> Profile:
        kept = tuple((other, share) for other, share in profile.people.events if other is not event)
        return replace(profile, people=replace(profile.people, events=kept))

    return change


def _pen(name: str) -> Change:
    def change(profile: Profile) -> Profile:
        kept = tuple((pen, share) for pen, share in profile.people.pens if pen != name)
        return replace(profile, people=replace(profile.people, pens=kept))

    return change


def _people(**changes: Any) -> Change:  # noqa: ANN401 -- fields of the profile, checked by a test
    return lambda profile: replace(profile, people=replace(profile.people, **changes))


def _scanner(**changes: Any) -> Change:  # noqa: ANN401 -- fields of the profile, checked by a test
    return lambda profile: replace(profile, scanner=replace(profile.scanner, **changes))


def _stack(**changes: Any) -> Change:  # noqa: ANN401 -- fields of the profile, checked by a test
    return lambda profile: replace(profile, stack=replace(profile.stack, **changes))


def _camera(**changes: Any) -> Change:  # noqa: ANN401 -- fields of the profile, checked by a test
    def change(profile: Profile) -> Profile:
        camera = profile.scanner.camera
        if camera is None:
            return profile
        return replace(profile, scanner=replace(profile.scanner, camera=replace(camera, **changes)))

    return change


def _jpeg_not_low(profile: Profile) -> Profile:
    lowest, highest = (max(LOW_QUALITY, quality) for quality in profile.scanner.jpeg_quality)
    return replace(profile, scanner=replace(profile.scanner, jpeg_quality=(lowest, highest)))


def _never_turned(profile: Profile) -> Profile:
    return _camera(quarter_turn_share=0.0)(_stack(upside_down=0.0)(profile))


# Without a printed label of its own a bubble is circled instead: who never circles loops no labels either.
_STYLES = {style.value: _style(style) for style in Style} | {
    "circle": _style(Style.CIRCLE, Style.LABEL_CIRCLE)
}
_EVENTS = {event.value: _event(event) for event in Event if event not in _NEVER_CHANGED}
_PENS = {name: _pen(name) for name in PENS}

FAMILIES: Mapping[str, Change] = MappingProxyType(
    {
        **_STYLES,
        **_EVENTS,
        **_PENS,
        "second_pen": _people(second_pen=0.0),
        "straight_lined": _people(straight_liners=0.0),
        "all_blank": _people(all_blank=0.0),
        "streak": _scanner(streak_share=0.0),
        "fold": _scanner(fold_share=0.0),
        "stain": _scanner(stain_share=0.0),
        "copied": _scanner(copy_share=0.0),
        "show_through": _scanner(show_through_share=0.0),
        "bilevel": _scanner(bilevel_share=0.0),
        "dpi150": _scanner(dpi150_share=0.0),
        "jpeg_low": _jpeg_not_low,
        "perspective": _camera(tilt_deg=(0.0, 0.0)),
        "shadow": _camera(shadow_share=0.0),
        "curl": _camera(curl_share=0.0),
        "motion": _camera(motion_share=0.0),
        "turned": _never_turned,
        "sides_swapped": _stack(sides_swapped=0.0),
        "duplicate": _stack(scanned_twice=0.0),
        "missing": _stack(missing_page=0.0),
        "blank_page": _stack(blank_between=0.0),
        "foreign": _stack(foreign=0.0),
    }
)
