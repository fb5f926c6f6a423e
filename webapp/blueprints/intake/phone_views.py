"""A telephone as scanner: one shot after another, and under each, in words, whether it will do."""

from flask import Blueprint, Response, request, url_for

from ocr.sheet_code import serial_text
from webapp.blueprints.intake.words import SIDES, shot_verdict
from webapp.errors import InvalidInput
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now, scan_store
from webapp.http.htmx import go_to, render, wants_fragment
from webapp.http.transaction import roll_back
from webapp.persistence.scans import Batch
from webapp.services import batches
from webapp.services.intake import Upload
from webapp.services.phone_shots import count_good, list_shots, present_batch, receive_shots

blueprint = Blueprint("phone", __name__, url_prefix="/chup")


@blueprint.get("")
@access.policy(Permission.INTAKE)
def show_camera() -> Response:
    """The button of the camera, and the shots of the present batch."""
    return _page("phone/_shots.html")


@blueprint.post("")
@access.policy(Permission.INTAKE)
def shoot() -> Response:
    """Take a photo in, or several."""
    photos = [file for file in request.files.getlist("photo") if file.filename]
    if not photos:
        raise InvalidInput("Chưa có ảnh nào. Bấm nút máy ảnh rồi chụp một mặt phiếu.")
    actor = current_user().username
    roll_back()  # the photos are on disk before the database is touched
    uploads = [Upload(photo.filename or "", photo.stream) for photo in photos]
    receive_shots(current_session(), scan_store(), actor, uploads, now())
    current_session().flush()
    return _page("phone/_shots.html") if wants_fragment() else go_to(url_for("phone.show_camera"))


def _page(fragment: str) -> Response:
    session, batch = current_session(), _batch()
    shots = list_shots(session, batch) if batch is not None else []
    return render(
        "phone/camera.html",
        fragment,
        batch=batch,
        shots=shots,
        good=count_good(shots),
        is_reading=any(shot.verdict == "reading" for shot in shots),
        is_reader_silent=batches.is_reader_silent(session, now()),
        shot_verdict=shot_verdict,
        serial_text=serial_text,
        side_names=SIDES,
    )


def _batch() -> Batch | None:
    return present_batch(current_session(), current_campaign().id, current_user().username, now())
