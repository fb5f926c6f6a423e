"""Page faults as tags of the truth, so that a score can be split by them; docs/formats.md lists them."""

from ocr.deck.faults import Faults
from ocr.deck.truth import Tags

LOW_QUALITY = 50
"""JPEG quality under which a page counts as `jpeg_low`."""


def fault_tags(faults: Faults) -> Tags:
    """What happened to one page between the table and the file."""
    shot = faults.shot
    turned = 180 if faults.upside_down else 0
    return (
        ("upside_down", faults.upside_down),
        ("turned_deg", turned if shot is None else (turned + 90 * shot.quarter_turns) % 360),
        ("skew_deg", round(faults.skew_deg if shot is None else shot.turn_deg, 2)),
        ("streak", bool(faults.streaks)),
        ("fold", faults.fold is not None),
        ("show_through", round(faults.show_through, 3)),
        ("copied", faults.copied),
        ("stain", faults.stain is not None),
        ("blur_mm", round(faults.machine.blur_mm, 3)),
        ("noise", round(faults.machine.noise, 1)),
        ("bilevel", faults.bilevel),
        ("dpi150", faults.sampling < 1.0),
        ("jpeg_quality", faults.machine.jpeg_quality),
        ("jpeg_low", faults.machine.jpeg_quality < LOW_QUALITY),
        ("photographed", shot is not None),
        ("perspective", shot is not None and shot.tilt_deg > 0),
        ("tilt_deg", 0.0 if shot is None else round(shot.tilt_deg, 1)),
        ("shadow", shot is not None and shot.shadow is not None),
        ("curl", shot is not None and shot.curl_mm > 0),
        ("motion", shot is not None and shot.motion_mm > 0),
    )
