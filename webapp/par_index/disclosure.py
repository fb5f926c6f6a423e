"""Which answers stay hidden: those of too few people, and whatever would let others work them out.

A component's points are published, and they are its maximum times the weighted mean of its questions: who
knows all of its questions but one knows that one. So where one question of a component is hidden, all are;
and because a question may feed several components, that goes on until nothing changes.
"""

from collections.abc import Iterable, Iterator

from webapp.par_index.outcome import Part

Place = tuple[str, str]  # pool, question


def hidden_questions(parts: Iterable[Part], smallest_cell: int) -> frozenset[Place]:
    """The questions of a unit whose answers may not be shown.

    Args:
        parts: all components of one unit.
        smallest_cell: the fewest valid answers that may be shown (a scheme's `smallest_cell`).
    """
    asked = [frozenset(_places(part)) for part in parts if part.pools]
    hidden = {
        (pool.pool, question.question)
        for part in parts
        for pool in part.pools
        for question in pool.questions
        if 0 < question.valid < smallest_cell
    }
    while True:
        wider = hidden.union(*(places for places in asked if places & hidden))
        if wider == hidden:
            return frozenset(hidden)
        hidden = wider


def is_hidden(part: Part, hidden: frozenset[Place]) -> bool:
    """Whether the answers behind a component stay hidden; its points never do."""
    return any(place in hidden for place in _places(part))


def _places(part: Part) -> Iterator[Place]:
    return ((pool.pool, question.question) for pool in part.pools for question in pool.questions)
