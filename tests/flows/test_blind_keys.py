"""Two people key an answer, and neither learns of the other: by no other page, by no trying until it fits."""

from tests.clients import Office
from tests.flows.test_verification import WORK, begin, current, fill, key_twice
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
