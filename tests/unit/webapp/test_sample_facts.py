"""Made-up facts are accepted by every rule of both sample schemes, and are the same for a seed."""

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Session

from tests.worlds.small import make_small_world
from webapp.par_index.rules import points_for
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.sample_facts import sample_facts, unit_diligence
from webapp.services.schemes import load_sample_schemes, scheme_of_level


def test_every_component_of_the_sample_can_be_scored(session: Session, now: dt.datetime) -> None:
    campaign = make_small_world(session, now).campaign
    load_sample_schemes(session, "administrator", campaign, SAMPLE_DIR / "bo_trach_2020", now)
    for level in ("division", "commune"):
        _, scheme = scheme_of_level(session, campaign.id, level)
        assert len(scheme.appraised) > 20
        for component in scheme.appraised:
            facts = sample_facts(component, 7, "NV")
            assert facts == sample_facts(component, 7, "NV")
            points = points_for(component.rule, facts).points
            assert points is None or Decimal(0) <= points <= component.maximum


def test_units_differ() -> None:
    diligence = {unit_diligence(1, str(number)) for number in range(41)}
    assert len(diligence) == 41
    assert min(diligence) >= 0.6
    assert max(diligence) <= 1
