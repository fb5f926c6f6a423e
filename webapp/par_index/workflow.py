"""The way of a unit's self-score through the appraisal: its states, and who may move which to which."""

from enum import StrEnum

from webapp.par_index.errors import TransitionNotAllowed


class State(StrEnum):
    """Where a unit's self-score stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"  # round one is over; the unit explains what it was asked about, once
    APPRAISED = "appraised"
    FINAL = "final"


class Move(StrEnum):
    """What somebody does with it."""

    SUBMIT = "submit"
    RETURN = "return"
    REPLY = "reply"
    PROCEED = "proceed"
    APPRAISE = "appraise"
    FINALISE = "finalise"
    REOPEN = "reopen"


class Party(StrEnum):
    """Who does it."""

    UNIT = "unit"
    APPRAISER = "appraiser"
    HEAD = "head"


_MOVES: dict[tuple[State, Move, Party], State] = {
    (State.DRAFT, Move.SUBMIT, Party.UNIT): State.SUBMITTED,
    (State.SUBMITTED, Move.RETURN, Party.APPRAISER): State.RETURNED,
    (State.RETURNED, Move.REPLY, Party.UNIT): State.SUBMITTED,
    (State.RETURNED, Move.PROCEED, Party.APPRAISER): State.SUBMITTED,
    (State.SUBMITTED, Move.APPRAISE, Party.APPRAISER): State.APPRAISED,
    (State.APPRAISED, Move.FINALISE, Party.HEAD): State.FINAL,
    (State.SUBMITTED, Move.REOPEN, Party.HEAD): State.DRAFT,
    (State.APPRAISED, Move.REOPEN, Party.HEAD): State.SUBMITTED,
    (State.FINAL, Move.REOPEN, Party.HEAD): State.APPRAISED,
}


def advance(state: State, move: Move, party: Party) -> State:
    """The state after `party` makes `move`.

    Raises:
        TransitionNotAllowed: this party may not make this move in this state.
    """
    after = _MOVES.get((state, move, party))
    if after is None:
        raise TransitionNotAllowed(
            "Không thể thực hiện: bản tự chấm đang ở trạng thái khác. Tải lại trang để xem trạng thái mới."
        )
    return after


def allowed_moves(state: State, party: Party) -> tuple[Move, ...]:
    """What this party may do with a self-score in this state."""
    return tuple(move for (at, move, by) in _MOVES if at == state and by == party)


def may_unit_edit(state: State) -> bool:
    """Whether the unit may still change its self-score; a returned one it only explains."""
    return state is State.DRAFT
