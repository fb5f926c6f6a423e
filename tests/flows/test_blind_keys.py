"""Two people key an answer, and neither learns of the other: by no other page, by no trying until it fits."""

from tests.clients import Office
from tests.flows.test_verification import START, WORK, answers, begin, current, fill, key_twice
from tests.worlds.read_pages import double


def test_who_keys_blind_reads_nothing_on_the_page_of_the_third_person(office: Office) -> None:
    """Holding an item is not arbitrating it: there stands what the first person said."""
    key_twice(office)
    fill(office, double("CX4.1"))
    first = begin(office, "reviewer")
    beside = current(first).replace("/o/", "/phan-xu/")
    assert (
        first.get(beside).status_code == 404
    )  # nothing is said yet, but the machine's word could stand there
    first.post(current(first), {"answer": "option:1"}, htmx=True)
    second = begin(office, "reviewer2")
    assert current(second).replace("/o/", "/phan-xu/") == beside
    for address in (beside, f"{beside}/trang"):
        assert second.get(address).status_code == 404
    assert second.post(beside, {"answer": "option:2", "reason": "dirt"}).status_code == 404
    assert "Nhập lần hai" in second.get(WORK).text


def test_a_second_key_that_differs_is_not_tried_again_until_it_fits(office: Office) -> None:
    """The count of what waits for a third person tells that the two differ; it must tell no more."""
    key_twice(office)
    fill(office, double("CX4.1"))
    first = begin(office, "reviewer")
    taken = current(first)
    first.post(taken, {"answer": "option:1"}, htmx=True)
    second = begin(office, "reviewer2")
    second.post(taken, {"answer": "option:2"}, htmx=True)
    for value in ("4", "3", "1"):
        assert second.post(taken, {"answer": f"option:{value}"}, htmx=True).status_code == 409
        second.post(f"{START}/hoan-tac")
        assert "1 ô chờ người khác, vì bạn đã nhập" in second.get(f"{START}/phan-xu").text
    assert answers(office) == {}
