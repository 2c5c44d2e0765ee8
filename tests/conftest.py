"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.scenario.kills")

# How fast something is says nothing on a loaded machine: that is measured in benchmarks.
settings.register_profile("guardian", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=25)  # `make check` asks for it
settings.load_profile("guardian")

TESTS = Path(__file__).parent
TURNS = {"soak": 0, "scenario": 1, "contract": 2, "localaws": 3}
"""The folders whose files take long, and when they are run; what is quick fills the gaps at the end."""

LONG = ("faults", "soak", "image", "release")
"""What is left to a target of its own. Each is slow too: `-m "not slow"` replaces the `-m` that leaves them out."""


@pytest.fixture(autouse=True, scope="session")
def _api_models_are_read_once() -> Iterator[None]:
    """Every botocore session would read them anew, which takes longer than the calls."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda *_: loader)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is left to `make test`; the files that take longest come first, so that all end together."""
    for item in items:
        on_local_aws = "local_aws" in getattr(item, "fixturenames", ())
        if on_local_aws or any(item.get_closest_marker(mark) for mark in LONG):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: TURNS.get(item.path.relative_to(TESTS).parts[0], len(TURNS)))
