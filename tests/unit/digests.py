"""Digests of an organization, as large as wanted and the same every time."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from guardian.digest import NO_PAST, Audience, Digest, Window, compose, past_of
from guardian.documents import Document
from guardian.ids import AccountId, Target
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.policy.model import Exemption
from tests.unit.test_digest import DUBLIN, HOUR, NINE, PRICES

WEEK = Window(NINE - timedelta(days=7), NINE)
MONTH = Window(NINE - timedelta(days=30), NINE)
PEOPLE = ("ana", "ben", "carla", "dev", "eve", "finn", "gita", "hugo", "ines", "jo", "kim", "leo")
OWNERS = (*(f"{name}@example.com" for name in PEOPLE), "role-airflow", "")
FACTS: Mapping[str, Document] = {
    "glue-session": {"max_capacity": 5.0, "idle_timeout": 480},
    "sagemaker-notebook": {"instance_type": "ml.m5.xlarge"},
    "emr-cluster": {"instance_types": ["m5.xlarge"], "instance_counts": [3]},
    "sagemaker-app": {"instance_type": "ml.unheard-of"},
}
RESULTS = (*[Result.STOPPED] * 8, *[Result.WOULD_STOP] * 3, *[Result.KEPT] * 3, Result.FAILED)
REASONS = {
    Result.KEPT: "exempt: production pipelines",
    Result.FAILED: "access denied: glue:StopSession",
}
ENDING = (
    Exemption(
        principal="*:role/prod-*",
        reason="production pipelines",
        owner="data-platform@example.com",
        expires=date(2026, 11, 30),
    ),
    Exemption(tags={"guardian": "keep"}, expires=date(2026, 12, 24)),
)


def accounts(count: int) -> Sequence[AccountId]:
    return [AccountId(f"{100_000_000_000 + number}") for number in range(count)]


def outcomes(count: int, window: Window, among: Sequence[AccountId]) -> Iterator[Outcome]:
    draws = random.Random(count)  # noqa: S311 - the same every time
    for number in range(count):
        result, kind = draws.choice(RESULTS), draws.choice(list(FACTS))
        at = window.until - draws.random() * (window.until - window.since)
        yield Outcome(
            result,
            kind,
            f"{kind}-{number:05}",
            Target(draws.choice(among), DUBLIN),
            "data",
            at,
            draws.choice((By.EVENT, By.EVENT, By.SWEEP)),
            REASONS.get(result, "grace of 30m is over"),
            draws.choice(OWNERS),
            at - HOUR,
            facts=FACTS[kind],
        )


def findings(window: Window, among: Sequence[AccountId]) -> Iterator[Finding]:
    denied = Target(among[-1], DUBLIN)
    yield Finding(About.ACCESS, "guardian-member", "may not be assumed", window.until, denied)
    for hours in range(3):
        at, drifted = window.until - hours * HOUR, Target(among[0], DUBLIN)
        yield Finding(About.DRIFT, "rule guardian-data", "was disabled", at, drifted, mended=True)


def organization(count: int = 60, window: Window = WEEK, size: int = 13) -> Digest:
    """A digest of so many outcomes in so many accounts, with a past of half as many."""
    among = accounts(size)
    names = {account: f"Account {number}" for number, account in enumerate(among)}
    audience = Audience("#data-costs", None, names, "Europe/London", ENDING)
    before = list(outcomes(count // 2, window.before, among))
    past = past_of(
        audience, window, lambda since, until: [o for o in before if since <= o.at < until], PRICES
    )
    found = outcomes(count, window, among)
    return compose(audience, window, found, findings(window, among), past, PRICES)


def quiet(audience: Audience, window: Window = WEEK) -> Digest:
    return compose(audience, window, (), (), NO_PAST, PRICES)
