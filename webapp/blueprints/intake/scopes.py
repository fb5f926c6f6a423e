"""What an address of intake stands for: a batch of the current campaign, or a page within its batch."""

from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.http.access import Permission, may
from webapp.http.context import current_campaign, current_user
from webapp.persistence.accounts import User
from webapp.persistence.scans import Batch, Page
from webapp.persistence.trash import TrashMove
from webapp.services import batches
from webapp.services.intake import find_batch


def load_batch(session: Session, _user: User, number: int) -> Batch:
    """A batch of the current campaign; every clerk may see every batch."""
    return find_batch(session, current_campaign().id, number)


def load_page(session: Session, _user: User, number: int, page_id: int) -> Page:
    """A page of a batch of the current campaign."""
    batch = find_batch(session, current_campaign().id, number)
    page, _preview = batches.find_pages(session, [page_id]).get(page_id, (None, None))
    if page is None or page.batch_id != batch.id:
        raise NotFound("Không có trang này trong lô.")
    return page


def load_preview(session: Session, _user: User, number: int, page_id: int) -> str:
    """The SHA-256 of a page's preview, within its batch."""
    batch = find_batch(session, current_campaign().id, number)
    page, preview = batches.find_pages(session, [page_id]).get(page_id, (None, None))
    if page is None or page.batch_id != batch.id or preview is None:
        raise NotFound("Không có ảnh của trang này.")
    return preview


def load_move(session: Session, _user: User, move_id: int) -> TrashMove:
    """Something of the current campaign that was put into the trash."""
    move = session.get(TrashMove, move_id)
    if move is None or move.batch.campaign_id != current_campaign().id:
        raise NotFound("Không có mục này trong thùng rác.")
    return move


def is_administrator() -> bool:
    """Whether whoever asks may move scans of which people have settled answers."""
    return may(current_user(), Permission.MANAGE_USERS)
