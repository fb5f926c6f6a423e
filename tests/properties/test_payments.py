"""Payments: the plan's sums to the đồng, and what holds for all rates, counts and amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.payments.amount_words import LIMIT, amount_in_words
from webapp.payments.sums import (
    Basis,
    FormCount,
    Payee,
    Place,
    Rate,
    due_at_place,
    form_rate,
    share_dong,
    share_forms,
    total_due,
    with_group_paid,
)

COMMUNES, DIVISIONS = 28, 13
OWN_STAFF = 8  # the group whose pay the plan leaves open
PLAN = [
    Rate(Payee.RESPONDENT, 10_000, level="commune"),
    Rate(Payee.RESPONDENT, 10_000, group_id=OWN_STAFF),
    Rate(Payee.ENUMERATOR, 200_000, level="commune"),
    Rate(Payee.ENUMERATOR, 200_000, level="division"),
]


def whole(group_id: int, level: str, forms: int, people: int) -> FormCount:
    """Forms that were planned, came back and count, all of them."""
    return FormCount(group_id, level, forms, forms, forms, people, people, people)


def places_of_the_plan() -> list[Place]:
    """Where the 3,108 forms of Bố Trạch 2020 are handed out."""
    at_commune = [
        whole(3, "division", 2 * DIVISIONS, 2),
        *(whole(group, "commune", forms, forms) for group, forms in ((5, 15), (6, 2), (7, 12), (9, 30))),
    ]
    at_division = [
        whole(2, "division", 15, 15),
        whole(4, "division", 10, 10),
        whole(OWN_STAFF, "commune", COMMUNES, 1),
    ]
    at_office = [whole(1, "division", 3 * DIVISIONS, 3)]
    return [
        *(Place(f"c{n}", "commune", at_commune) for n in range(COMMUNES)),
        *(Place(f"d{n}", "division", at_division) for n in range(DIVISIONS)),
        Place("office", None, at_office),
    ]


@pytest.mark.parametrize("basis", Basis)
def test_the_full_plan_comes_to_its_sum(basis: Basis) -> None:
    places = places_of_the_plan()
    assert sum(count.planned for place in places for count in place.counts) == 3_108
    due = total_due(PLAN, basis, places)
    assert (due.forms, due.respondents_dong) == (2_016, 20_160_000)
    by_level = {
        level: total_due(PLAN, basis, [p for p in places if p.unit_level == level])
        for level in ("commune", "division")
    }
    assert by_level["commune"].enumerators_dong == 5_600_000
    assert by_level["division"].enumerators_dong == 2_600_000
    assert due.total_dong == 28_360_000


def test_a_commune_and_a_division_of_the_plan() -> None:
    places = places_of_the_plan()
    commune, division, office = (
        due_at_place(PLAN, Basis.RETURNED, p) for p in (places[0], places[-2], places[-1])
    )
    assert (commune.forms, commune.respondents_dong) == (59, 590_000)
    assert (division.forms, division.respondents_dong) == (28, 280_000)
    assert office.total_dong == 0


def test_without_the_own_staff_the_plan_costs_less() -> None:
    unpaid = with_group_paid(PLAN, OWN_STAFF, is_paid=False)
    assert total_due(unpaid, Basis.RETURNED, places_of_the_plan()).total_dong == 28_360_000 - 3_640_000
    assert with_group_paid(unpaid, OWN_STAFF, is_paid=True) == PLAN


levels = st.sampled_from(["a", "b"])
money = st.integers(0, 10_000_000)
rates = st.lists(
    st.one_of(
        st.builds(lambda dong, level: Rate(Payee.RESPONDENT, dong, level=level), money, levels),
        st.builds(
            lambda dong, group, paid: Rate(Payee.RESPONDENT, dong, group_id=group, is_paid=paid),
            money,
            st.integers(1, 4),
            st.booleans(),
        ),
        st.builds(lambda dong, level: Rate(Payee.ENUMERATOR, dong, level=level), money, levels),
    ),
    max_size=6,
    unique_by=lambda rate: (rate.payee, rate.level, rate.group_id),
)


@st.composite
def counts(draw: st.DrawFn) -> FormCount:
    """Valid forms are among those returned, those among the planned."""
    planned = draw(st.integers(0, 60))
    returned = draw(st.integers(0, planned))
    valid = draw(st.integers(0, returned))
    return FormCount(
        draw(st.integers(1, 4)), draw(levels), planned, returned, valid, planned, returned, valid
    )


places = st.lists(
    st.builds(Place, st.just("p"), st.one_of(st.none(), levels), st.lists(counts(), max_size=4)), max_size=6
)


@given(rates, places)
def test_no_basis_pays_more_than_the_one_before(given_rates: list[Rate], given_places: list[Place]) -> None:
    planned, returned, valid = (total_due(given_rates, basis, given_places) for basis in Basis)
    assert planned.total_dong >= returned.total_dong >= valid.total_dong >= 0


@given(rates, places, st.sampled_from(Basis))
def test_the_total_is_the_sum_of_the_places_in_any_order(
    given_rates: list[Rate], given_places: list[Place], basis: Basis
) -> None:
    due = total_due(given_rates, basis, given_places)
    assert due == total_due(list(reversed(given_rates)), basis, list(reversed(given_places)))
    assert due.total_dong == sum(due_at_place(given_rates, basis, place).total_dong for place in given_places)


@given(rates, places, st.integers(1, 4), st.sampled_from(Basis))
def test_switching_a_group_changes_its_own_pay_alone(
    given_rates: list[Rate], given_places: list[Place], group: int, basis: Basis
) -> None:
    on, off = (with_group_paid(given_rates, group, is_paid=paid) for paid in (True, False))
    own = [rate for rate in given_rates if rate.group_id == group]
    forms = sum(c.forms(basis) for place in given_places for c in place.counts if c.group_id == group)
    difference = (
        total_due(on, basis, given_places).total_dong - total_due(off, basis, given_places).total_dong
    )
    assert difference == (own[0].dong * forms if own else 0)


@given(rates, st.integers(1, 4), levels)
def test_a_group_of_its_own_stands_before_its_level(given_rates: list[Rate], group: int, level: str) -> None:
    own = [rate for rate in given_rates if rate.group_id == group]
    assert own == [] or form_rate(given_rates, group, level) == own[0].paid_dong


@given(st.integers(0, 5_000), st.integers(1, 60))
def test_forms_are_dealt_out_evenly_to_the_last(forms: int, people: int) -> None:
    shares = share_forms(forms, people)
    assert (len(shares), sum(shares)) == (people, forms)
    assert max(shares) - min(shares) <= 1


@given(st.integers(0, 10_000_000), st.integers(1, 60))
def test_money_is_shared_to_the_last_dong(dong: int, people: int) -> None:
    shares = share_dong(dong, people)
    assert (len(shares), sum(shares)) == (people, dong)
    assert all(share % 1_000 == 0 for share in shares[1:])
    assert max(shares) - min(shares) < 2_000


def test_nobody_gets_nothing() -> None:
    assert share_forms(0, 0) == share_dong(0, 0) == []
    with pytest.raises(ValueError, match="0 people"):
        share_forms(1, 0)
    with pytest.raises(ValueError, match="nobody"):
        share_dong(500, 0)


NAMES = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
DIGITS = {word: value for value, word in enumerate(NAMES)}
DIGITS |= {"mốt": 1, "tư": 4, "lăm": 5}


def number_of(words: str) -> int:
    """Back from words to the number: the reader's way, so that no two amounts read alike."""
    total = group = digit = 0
    for word in words.removesuffix(" đồng").split():
        if word in DIGITS:
            group, digit = group + digit, DIGITS[word]
        elif word == "trăm":
            group, digit = group + digit * 100, 0
        elif word == "mươi":
            group, digit = group + digit * 10, 0
        elif word == "mười":
            group, digit = group + 10, 0
        elif word in {"nghìn", "triệu"}:
            total, group, digit = total + (group + digit) * (1_000 if word == "nghìn" else 10**6), 0, 0
        elif word == "tỷ":
            total, group, digit = (total + group + digit) * 10**9, 0, 0
        else:
            assert word == "linh"
    return total + group + digit


@given(
    st.one_of(
        st.integers(0, LIMIT - 1), st.integers(0, 3_000), st.integers(0, 10**6).map(lambda n: n * 1_000)
    )
)
def test_words_can_be_read_back(dong: int) -> None:
    words = amount_in_words(dong)
    assert number_of(words) == dong
    assert words == words.lower()
    assert "  " not in words
    for never in (
        "mươi một",
        "mươi bốn",
        "mươi năm",
        "mười năm",
        "mười mốt",
        "mười tư",
        "một mươi",
        "không mươi",
        "linh lăm",
        "linh bốn",
    ):
        assert never not in words
