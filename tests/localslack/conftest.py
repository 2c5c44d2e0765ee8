"""A local Slack for each test, and the real client of it."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from guardian.localslack import LocalSlack


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    local = LocalSlack()
    local.start()
    yield local
    local.stop()


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    return WebClient("xoxb-test", base_url=slack.endpoint)


@pytest.fixture
def channel(client: WebClient) -> str:
    """The id of #data-costs."""
    found: list[dict[str, str]] = client.conversations_list()["channels"]
    return next(each["id"] for each in found if each["name"] == "data-costs")
