"""What *Bắt đầu* opens: the queues in their order, and how this person gets into each."""

from collections.abc import Callable
from dataclasses import replace

from flask import url_for

from webapp.blueprints.verification.forms import filter_arguments
from webapp.blueprints.verification.grid import grid_address
from webapp.http.access import Permission, may
from webapp.http.context import current_session, current_user, now, settings
from webapp.persistence.page_resolutions import count_open_problems
from webapp.services import group_grid, verification
from webapp.services.review_queues import QUEUES
from webapp.services.verification import WorkFilter


def begin_next(wanted: WorkFilter) -> str | None:
    """Claim the first of what is wanted, in the order of the queues; the address of its screen.

    None where nothing is left for this person.
    """
    for queue in QUEUES:
        if wanted.queue in (None, queue.code):
            address = _OPENERS[queue.code](wanted, queue.code)
            if address is not None:
                return address
    return None


def item_address(wanted: WorkFilter) -> str:
    """Where this person's single item is."""
    return url_for("verification.show_held", **filter_arguments(wanted))


def _open_pages(wanted: WorkFilter, _queue: str) -> str | None:
    """The desk of the scans, for those who may settle pages there."""
    if not may(current_user(), Permission.INTAKE):
        return None
    pages = count_open_problems(current_session(), wanted.campaign_id)
    return url_for("intake.list_batches") if pages else None


def _open_grid(wanted: WorkFilter, _queue: str) -> str | None:
    dealt = group_grid.deal_grid(current_session(), current_user(), now(), wanted, lease_s=settings().lease_s)
    return None if dealt is None else grid_address(wanted)


def _open_item(wanted: WorkFilter, queue: str) -> str | None:
    own = replace(wanted, queue=queue)
    item = verification.claim_next_item(
        current_session(), current_user(), now(), own, lease_s=settings().lease_s
    )
    return None if item is None else item_address(wanted)


# One line a queue of services.review_queues.QUEUES.
_OPENERS: dict[str, Callable[[WorkFilter, str], str | None]] = {
    "page": _open_pages,
    "grid": _open_grid,
    "single": _open_item,
    "second": _open_item,
    "arbitration": _open_item,
    "comment": _open_item,
}
