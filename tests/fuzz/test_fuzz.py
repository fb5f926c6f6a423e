"""Every seed, and a short run of spoilt ones: `python -m tests.fuzz` is the long run."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.harnesses import HARNESSES

# What a library grumbles about a broken picture is no answer to anybody.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
ALL_SEEDS = [(name, path) for name, harness in HARNESSES.items() for path in harness.seeds()]


@pytest.mark.parametrize(("name", "path"), ALL_SEEDS, ids=[f"{name}-{path.name}" for name, path in ALL_SEEDS])
def test_a_seed_is_taken_or_refused_in_words(name: str, path: Path) -> None:
    HARNESSES[name].check(path.read_bytes())


@pytest.mark.parametrize("name", HARNESSES)
@settings(
    max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True
)  # the long run is random
@given(data=st.data())
def test_what_is_spoilt_is_taken_or_refused_in_words(name: str, data: st.DataObject) -> None:
    harness = HARNESSES[name]
    sound = data.draw(st.sampled_from(harness.seeds())).read_bytes()
    harness.check(harness.mutate(sound, Random(data.draw(st.integers(0, 2**32 - 1)))))
