"""`make golden-update` rewrites the expected readings; look at the difference before you commit it."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch; it exists only when this folder is named on the command line."""
    parser.addoption("--golden-update", action="store_true", help="rewrite expected.json")


@pytest.fixture
def golden_update(request: pytest.FixtureRequest) -> bool:
    """Whether to rewrite instead of compare."""
    return bool(request.config.getoption("--golden-update", default=False))
