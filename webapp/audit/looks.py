"""How many looks an answer needs, and what they settle; auditors never see one another's."""

from collections.abc import Sequence

LOOKS_AT_MOST = 3


def settled_value(looks: Sequence[str], accepted: str, *, is_double: bool) -> str | None:
    """What the auditors say of an answer, or None while another of them must look.

    One look is enough where it agrees with the accepted value and nothing more is asked for. A difference is
    never one person's word: a second auditor looks, and where the two differ, what a third says stands.

    Args:
        looks: the values in the order in which different auditors gave them.
        accepted: what was committed to.
        is_double: two auditors look in any case.
    """
    if not looks:
        return None
    if len(looks) == 1:
        return looks[0] if looks[0] == accepted and not is_double else None
    if looks[0] == looks[1]:
        return looks[0]
    return looks[LOOKS_AT_MOST - 1] if len(looks) >= LOOKS_AT_MOST else None
