"""The page about what guardian costs says what its script reckons."""

import json
import re

import pytest

from benchmarks.own_costs import (
    ALARMS,
    PAGE,
    PRICES,
    SECRETS,
    SEEN,
    SIZES,
    STOPPED,
    YIELDED,
    calls,
    hub,
    members,
    written,
)
from guardian.ids import Slug
from guardian.kinds import all_kinds
from guardian.policy.model import Mode, Rule
from guardian.stack.state_machine import definition


def test_the_page_is_written_from_the_prices() -> None:
    text = PAGE.read_text("utf-8")
    assert text == written(text)
    assert f"Read on {SEEN} " in text


def test_every_price_has_a_source() -> None:
    assert all(price.usd > 0 and price.source.startswith("https://") for price in PRICES.values())


@pytest.mark.parametrize("part", [hub, members])
def test_more_accounts_never_cost_less(part: object) -> None:
    assert callable(part)
    totals = [sum(usd for _, usd in part(size)) for size in SIZES]
    assert totals == sorted(totals)


def test_calls_grow_with_the_accounts() -> None:
    assert calls(1_000) == pytest.approx(10 * calls(100))


def test_the_transitions_are_those_of_the_machine() -> None:
    """Every state once but the pauses, and the look twice: until the stop and after it."""
    kind = all_kinds()["sagemaker-notebook"]
    states = json.loads(
        definition(Slug("any"), Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle))
    )["States"]
    look = [s for s in states if s.startswith("Look") or s in {"See", "Judge", "Decide"}]
    once = [
        "Start",
        "Begin",
        "Grace",
        "Act",
        "Acted",
        "Settle",
        "Tell",
        "Report",
        "Reported",
        "Done",
    ]
    assert set(look) | set(once) <= set(states)
    assert 2 * len(look) + len(once) == STOPPED
    assert 2 * len(look) + len(["Start", "Begin", "Grace", "Yield", "Done"]) == YIELDED


def test_the_hub_has_as_many_alarms_and_secrets_as_are_reckoned_with() -> None:
    hub_template = (PAGE.parents[2] / "deploy" / "hub.yaml").read_text("utf-8")
    assert hub_template.count("Type: AWS::CloudWatch::Alarm") == ALARMS
    assert hub_template.count("Type: AWS::SecretsManager::Secret") == SECRETS


def test_the_first_line_says_what_the_table_says() -> None:
    fixed = sum(usd for _, usd in hub(10))
    assert 15 < fixed < 20
    assert re.search(r"Less than twenty dollars a month", PAGE.read_text("utf-8"))
