"""A desk on which every kind of review waits, with pictures to look at."""

import io
from dataclasses import replace

from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from tests.conftest import NOW
from tests.worlds.read_pages import (
    Read,
    add_page,
    add_reading,
    add_sheet,
    blank,
    comment,
    double,
    doubted,
    faint,
    striped,
    sure,
)
from tests.worlds.small import SmallWorld
from webapp.persistence.accounts import User
from webapp.services.second_key import rule_of
from webapp.services.verification import enqueue_reading
from webapp.storage import ScanStore

_FIRST_RING_PX, _RING_STEP_PX = 813, 139


def drawn_crop(marked: int | None = 2) -> bytes:
    """A row with five rings, one of them marked, or none."""
    picture = Image.new("L", (1456, 128), 245)
    pen = ImageDraw.Draw(picture)
    for place in range(5):
        x = _FIRST_RING_PX + place * _RING_STEP_PX
        pen.ellipse((x - 19, 45, x + 19, 83), outline=90, width=2)
    if marked is not None:
        x = _FIRST_RING_PX + (marked - 1) * _RING_STEP_PX
        pen.line((x - 19, 80, x + 16, 48), fill=150, width=4)
    return _jpeg(picture)


def drawn_page() -> bytes:
    """A whole page in grey lines, small."""
    picture = Image.new("L", (827, 1169), 250)
    pen = ImageDraw.Draw(picture)
    for y in range(120, 1100, 45):
        pen.line((60, y, 760, y), fill=170, width=2)
    return _jpeg(picture)


def _jpeg(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=60)
    return encoded.getvalue()


def add_read_sheet(
    session: Session,
    world: SmallWorld,
    store: ScanStore,
    serial: int,
    *reads: Read,
) -> None:
    """One sheet as the worker leaves it, each doubtful answer with its crop, the page with its picture."""
    crop = store.put_bytes(drawn_crop()).sha256
    cut = [read if read.accepted else replace(read, crop_sha256=crop) for read in reads]
    reading = add_reading(session, add_page(session, add_sheet(session, world, serial), NOW), NOW, cut)
    reading.preview_sha256 = store.put_bytes(drawn_page()).sha256
    enqueue_reading(session, reading, NOW)
    session.flush()


def add_third_reviewer(session: Session, world: SmallWorld) -> None:
    """Somebody who may still arbitrate what two others keyed; the password is theirs."""
    like = world.users["reviewer"]
    third = User(
        username="reviewer3", display_name="Reviewer3", role="reviewer", password_hash=like.password_hash
    )
    session.add(third)
    session.flush()
    world.users["reviewer3"] = third


def key_twice(session: Session, world: SmallWorld) -> None:
    """From here on another person keys what was marked twice or overridden."""
    rule = rule_of(session, world.campaign.id)
    rule.double_marks = rule.overridden = True


def fill_every_queue(session: Session, world: SmallWorld, store: ScanStore) -> None:
    """Tiles, single items, comments, and answers that the machine accepted, of twelve sheets."""
    key_twice(session, world)
    for serial in range(1, 13):
        tiles = [blank(f"CX4.{number}", number / 1000) for number in (4, 5)] + [doubted("CX4.6", "2")]
        single = [faint("CX4.1", "2"), double("CX4.2"), striped("CX4.3")]
        accepted = [sure(f"CX4.{number}", str(number % 5 + 1)) for number in range(7, 17)]
        add_read_sheet(session, world, store, serial, *single, *tiles, *accepted, comment("CX4.gop_y"))
