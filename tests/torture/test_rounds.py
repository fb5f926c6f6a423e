"""A few rounds of the torture (`make torture` plays two hundred): each process killed, nothing lost."""

from pathlib import Path

import pytest

from tests.torture.capacity import Plan, fewest_machines, simulate
from tests.torture.kill_rounds import RoundReport, plan_rounds, play_rounds

pytestmark = [pytest.mark.kill, pytest.mark.slow]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_was_acknowledged_outlives_every_kill(database: str, tmp_path: Path) -> None:
    reports: list[RoundReport] = []
    play_rounds(plan_rounds(2, 0, 3, (database,)), tmp_path, reports.append)
    assert [report.violations for report in reports] == [[], [], []]
    assert all(sum(report.acknowledged.values()) for report in reports)


def test_a_round_follows_from_its_number_alone() -> None:
    whole = plan_rounds(1, 0, 40, ("sqlite", "postgresql"))
    assert whole[17:20] == plan_rounds(1, 17, 3, ("sqlite", "postgresql"))
    assert {each.scene for each in whole} == {"work", "publication", "real"}
    assert not any(each.target == "worker" for each in whole if each.scene == "publication")


def test_pages_wait_for_machines_and_never_vanish() -> None:
    plan = Plan(pages=4_000_000, machines=1, cores_a_machine=1)
    slow, fast = simulate(plan), simulate(Plan(pages=4_000_000, machines=50))
    first_page_s = 7 * 3600  # offices open at seven; from then on the machine has no rest
    assert slow.read_after_h * 3600 == pytest.approx(first_page_s + 4_000_000 * plan.costs.read_s, rel=0.01)
    from_first_to_last_h = 3 * 24 + 10  # 100 h of work come in while 82 h of it are done
    assert slow.longest_wait_min == pytest.approx(60 * (100 - from_first_to_last_h))
    assert fast.longest_wait_min == 0
    assert fewest_machines(Plan(pages=4_000_000), 1) is not None
    assert fewest_machines(Plan(database_writers=1, pages=40_000_000), 1) is None
