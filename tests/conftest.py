"""What all tests share."""

from collections.abc import Iterator

import botocore.loaders
import botocore.session
import pytest


@pytest.fixture(autouse=True, scope="session")
def _api_models_are_read_once() -> Iterator[None]:
    """Every botocore session would read them anew, which takes longer than the calls."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda *_: loader)
        yield
