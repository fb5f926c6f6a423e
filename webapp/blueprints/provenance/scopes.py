"""What a person may trace: versions, cells with few respondents, single answers; all within the campaign."""

from sqlalchemy.orm import Session

from webapp.errors import NotFound, NotPermitted
from webapp.http.access import Permission, may
from webapp.http.context import current_campaign
from webapp.persistence.accounts import User
from webapp.persistence.results import PUBLISHED, IndexVersion
from webapp.services import provenance
from webapp.services.provenance import TracedAnswer, TracedComponent, TracedQuestion, TracedReading
from webapp.services.publication import require_version


def load_component(session: Session, user: User, number: int, code: str, component: str) -> TracedComponent:
    """A survey component of a unit in a version."""
    traced = provenance.trace_unit(session, _version(session, user, number), code)
    found = provenance.trace_component(traced, component)
    if traced.hidden_pools & {pool.mean.pool for pool in found.pools}:
        _require_small_cells(user)
    return found


def load_question(  # noqa: PLR0917 - the parts of the address
    session: Session, user: User, number: int, code: str, pool: str, question: str
) -> TracedQuestion:
    """The answers of a pool to a question about a unit in a version."""
    traced = provenance.trace_unit(session, _version(session, user, number), code)
    if pool in traced.hidden_pools:
        _require_small_cells(user)
    return provenance.trace_question(session, traced, pool, question)


def load_answer(session: Session, user: User, number: int, serial: int, field: str) -> TracedAnswer:
    """One answer; a sheet whose group is small about its unit is as hidden as the group's figures."""
    answer = provenance.trace_answer(session, _version(session, user, number), serial, field)
    if answer.pool is None or answer.pool.code in answer.traced.hidden_pools:
        _require_small_cells(user)
    return answer


def load_reading(  # noqa: PLR0917 - the parts of the address
    session: Session, user: User, number: int, serial: int, field: str, reading: int
) -> TracedReading:
    """One reading of such an answer."""
    return provenance.trace_reading(load_answer(session, user, number, serial, field), reading)


def load_crop(  # noqa: PLR0917 - the parts of the address
    session: Session, user: User, number: int, serial: int, field: str, reading: int
) -> str:
    """The SHA-256 of the picture that was cut for such a reading."""
    return _kept(load_reading(session, user, number, serial, field, reading).field.crop_sha256)


def load_page_picture(  # noqa: PLR0917 - the parts of the address
    session: Session, user: User, number: int, serial: int, field: str, reading: int
) -> str:
    """The SHA-256 of the picture of the page of such a reading."""
    return _kept(load_reading(session, user, number, serial, field, reading).field.reading.preview_sha256)


def _kept(sha256: str | None) -> str:
    if sha256 is None:
        raise NotFound("Không có ảnh này.")
    return sha256


def _version(session: Session, user: User, number: int) -> IndexVersion:
    """Those who compute may trace any version, the others what is published."""
    version = require_version(session, current_campaign(), number)
    if version.kind != PUBLISHED and not may(user, Permission.COMPUTE_INDEX):
        raise NotFound("Bản tính số %(number)s chưa được công bố.", number=number)
    return version


def _require_small_cells(user: User) -> None:
    """Below five respondents the answers point at people.

    Raises:
        NotPermitted: this person may not see so few.
    """
    if not may(user, Permission.SEE_SMALL_CELLS):
        raise NotPermitted("Nhóm này có câu dưới năm người trả lời, nên từng phiếu chỉ lãnh đạo xem được.")
