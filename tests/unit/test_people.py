from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.slack.blocks import messages
from guardian.slack.people import LOOKUPS, Directory, addresses, owner
from tests.unit.test_blocks import said
from tests.unit.test_digest import NINE, digest, glue


class Slack:
    """Knows these people; None is a Slack that tells nobody."""

    def __init__(self, known: dict[str, str] | None) -> None:
        self.known, self.asked = known, list[str]()

    def lookup(self, address: str) -> str | None:
        self.asked.append(address)
        return None if self.known is None else self.known.get(address, "")


def test_owners_that_look_like_an_address_are_looked_up() -> None:
    owners = ("ana@example.com", "role-airflow", "<@U1>@example.com", "a b@example.com", "x@y", "")
    told = digest(*(replace(glue(f"s{n}"), owner=name) for n, name in enumerate(owners)))
    assert addresses(told) == ("ana@example.com",)


def test_no_more_than_the_tables_name_are_looked_up() -> None:
    told = digest(*(replace(glue(f"s{n}"), owner=f"p{n}@example.com") for n in range(100)))
    assert len(addresses(told)) == 10 <= LOOKUPS


def test_an_owner_whom_slack_knows_is_mentioned_in_the_summary() -> None:
    told = digest(glue("a"), replace(glue("b"), owner="role-airflow"))
    summary, thread = messages(told, {"ana@example.com": "U012ABCDEF"})
    assert "• <@U012ABCDEF> · 1 · $2.20" in said(summary)
    assert "• `role-airflow` · 1 · $2.20" in said(summary)
    assert "<@" not in said(thread)


@pytest.mark.parametrize("user", ["", "channel", "U1|<!here>", "!channel"])
def test_what_is_no_user_id_is_no_mention(user: str) -> None:
    assert owner("ana@example.com", {"ana@example.com": user}) == "`ana@example.com`"


def test_who_was_asked_for_is_remembered_for_a_day_known_or_not() -> None:
    slack = Slack({"ana@example.com": "U1"})
    directory = Directory(slack.lookup)
    asked = ("ana@example.com", "nobody@example.com")
    for hours in (0, 1, 23):
        people = directory.of(asked, NINE + timedelta(hours=hours))
        assert people == {"ana@example.com": "U1"}
    assert slack.asked == list(asked)
    directory.of(asked, NINE + timedelta(days=1))
    assert slack.asked == [*asked, *asked]


def test_a_slack_that_tells_nobody_is_asked_once() -> None:
    slack = Slack(None)
    directory = Directory(slack.lookup)
    assert directory.of(["a@example.com", "b@example.com"], NINE) == {}
    assert slack.asked == ["a@example.com"]
