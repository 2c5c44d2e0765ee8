import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.digest import (
    NO_PAST,
    Audience,
    Digest,
    Money,
    Past,
    Row,
    Window,
    begins_week,
    compose,
    document,
    past_of,
)
from guardian.ids import AccountId, Region, Target
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.prices import load_prices

DAY_LONG = timedelta(days=1)
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Window(NINE - 24 * HOUR, NINE)
DATA, OTHER = AccountId("111122223333"), AccountId("444455556666")
DUBLIN = Region("eu-west-1")
PRICES = load_prices()
EVERYBODY = Audience("#data-costs")


def glue(name: str = "s1", minutes: int = 60, dpus: float = 5.0) -> Outcome:
    """A stopped session worth 2.20 USD where nothing else is said."""
    return Outcome(
        Result.STOPPED,
        "glue-session",
        name,
        Target(DATA, DUBLIN),
        "data",
        NINE - HOUR,
        By.EVENT,
        owner="ana@example.com",
        started=NINE - 2 * HOUR,
        facts={"max_capacity": dpus, "idle_timeout": minutes},
    )


def unpriced(name: str) -> Outcome:
    return replace(glue(name), kind="sagemaker-notebook", facts={"instance_type": "ml.new"})


def digest(*outcomes: Outcome) -> Digest:
    return compose(EVERYBODY, DAY, outcomes, [], NO_PAST, PRICES)


def past(*outcomes: Outcome, audience: Audience = EVERYBODY, window: Window = DAY) -> Past:
    """What is told of before a window, where the journal learned of each outcome when it happened."""

    def read(since: datetime, until: datetime) -> list[Outcome]:
        return [outcome for outcome in outcomes if since <= outcome.at < until]

    return past_of(audience, window, read, PRICES)


def test_what_is_known_is_summed_and_what_is_not_is_counted() -> None:
    told = digest(glue("a"), glue("b"), unpriced("c"))
    assert len(told.stopped) == 3
    assert told.avoided == Money(Decimal("4.40"), unknown=1)


def test_one_stop_that_is_told_twice_counts_once() -> None:
    assert len(digest(glue(), replace(glue(), by=By.SWEEP)).stopped) == 1


def test_a_stop_and_its_later_gone_are_one_stop() -> None:
    told = digest(glue(), replace(glue(), result=Result.GONE))
    assert (len(told.stopped), told.gone) == (1, 0)


def test_results_are_told_apart() -> None:
    told = digest(*(replace(glue(result.value), result=result) for result in Result))
    assert (
        len(told.stopped),
        len(told.would_stop),
        len(told.kept),
        len(told.failed),
        told.gone,
    ) == (
        1,
        1,
        1,
        1,
        1,
    )
    assert told.would_avoid == Money(Decimal("2.20"))


def test_the_dearest_stop_comes_first_and_the_unknown_last() -> None:
    told = digest(unpriced("unknown"), glue("cheap", 60), glue("dear", 600))
    assert [p.outcome.id for p in told.stopped] == ["dear", "cheap", "unknown"]


def test_the_order_of_the_entries_changes_nothing() -> None:
    entries = [glue("a"), glue("b", 120), unpriced("c"), replace(glue("d"), result=Result.KEPT)]
    assert digest(*entries) == digest(*reversed(entries))


def test_what_only_the_sweep_stopped_is_counted() -> None:
    told = digest(glue("a"), replace(glue("b"), by=By.SWEEP))
    assert told.missed == 1


def test_the_window_before_is_told_beside() -> None:
    day_before = [replace(o, at=o.at - 24 * HOUR) for o in (glue("b"), glue("c"), unpriced("d"))]
    assert past(*day_before, glue("in it")).previous == Row("before", 3, Money(Decimal("4.40"), 1))


def test_accounts_have_names_where_they_are_known() -> None:
    audience = replace(EVERYBODY, names={DATA: "Analytics"})
    elsewhere = replace(glue("b", 6), target=Target(OTHER, DUBLIN))
    told = compose(audience, DAY, [glue("a"), elsewhere], [], NO_PAST, PRICES)
    assert [row.name for row in told.stopped_by.accounts] == [
        "Analytics 111122223333",
        "444455556666",
    ]


def test_the_eleventh_owner_is_in_the_last_row() -> None:
    told = digest(*(replace(glue(f"s{n}", 60 + n), owner=f"owner {n}") for n in range(13)))
    assert [row.name for row in told.stopped_by.owners[:10]] == [
        f"owner {n}" for n in range(12, 2, -1)
    ]
    assert told.stopped_by.owners[10].name == "3 more"
    assert sum(row.stopped for row in told.stopped_by.owners) == 13
    assert sum(row.avoided.usd for row in told.stopped_by.owners) == told.avoided.usd


def test_an_audience_hears_of_its_accounts_alone() -> None:
    audience = Audience("#data-costs", frozenset({DATA}))
    theirs = replace(glue("theirs"), target=Target(OTHER, DUBLIN))
    findings = [
        Finding(About.DRIFT, "rule", "disabled", NINE, Target(OTHER, DUBLIN)),
        Finding(About.POLICY, "data.yaml", "line 3", NINE),
    ]
    told = compose(audience, DAY, [glue("ours"), theirs], findings, NO_PAST, PRICES)
    assert [p.outcome.id for p in told.stopped] == ["ours"]
    assert [n.finding.about for n in told.findings] == [About.POLICY]
    assert past(replace(theirs, at=NINE - 30 * HOUR), audience=audience) == NO_PAST


def test_a_finding_that_comes_back_is_one_line() -> None:
    found = [
        Finding(About.DRIFT, "rule", "disabled", NINE - n * HOUR, None, True) for n in range(5)
    ]
    told = compose(EVERYBODY, DAY, [], found, NO_PAST, PRICES)
    assert [(n.finding.at, n.times) for n in told.findings] == [(NINE, 5)]


@pytest.mark.parametrize(
    ("outcomes", "quiet"),
    [
        ((), True),
        ((replace(glue(), result=Result.KEPT),), True),
        ((replace(glue(), result=Result.GONE),), True),
        ((replace(glue(), result=Result.FAILED),), False),
        ((replace(glue(), result=Result.WOULD_STOP),), False),
        ((glue(),), False),
    ],
)
def test_a_window_without_news_is_quiet(outcomes: tuple[Outcome, ...], quiet: bool) -> None:  # noqa: FBT001
    assert digest(*outcomes).quiet is quiet


def test_a_finding_is_news() -> None:
    found = Finding(About.ACCESS, "guardian role", "denied", NINE)
    assert not compose(EVERYBODY, DAY, [], [found], NO_PAST, PRICES).quiet


def test_the_days_show_the_avoided_cost_by_kind() -> None:
    cluster = replace(
        glue("c"),
        kind="emr-cluster",
        at=NINE - 20 * HOUR,
        facts={"instance_types": ["m5.xlarge"], "instance_counts": [1]},
    )
    told = digest(glue("a"), glue("b"), cluster, unpriced("d"))
    assert told.days == {
        date(2026, 11, 22): {"emr-cluster": Decimal("6.29")},
        date(2026, 11, 23): {"glue-session": Decimal("4.40")},
    }


def test_what_arrived_late_is_shown_on_the_first_day() -> None:
    told = digest(replace(glue(), at=NINE - 1000 * HOUR))
    assert told.days[date(2026, 11, 22)] == {"glue-session": Decimal("2.20")}


@given(
    at=st.datetimes(timezones=st.just(UTC)),
    hours=st.floats(0.001, 1000),
)
def test_every_stop_is_on_some_day_of_the_window(at: datetime, hours: float) -> None:
    window = Window(NINE - timedelta(hours=hours), NINE)
    told = compose(EVERYBODY, window, [replace(glue(), at=at)], [], NO_PAST, PRICES)
    assert sum(sum(kinds.values()) for kinds in told.days.values()) == told.avoided.usd


def test_as_json_it_is_plain_data_with_every_figures_basis() -> None:
    data = json.loads(json.dumps(document(digest(glue("a"), unpriced("b")))))
    assert data["stopped"] == {
        "count": 2,
        "missed_by_events": 0,
        "avoided_usd": "2.20",
        "unknown": 1,
    }
    assert [stop["avoided_usd"] for stop in data["stops"]] == ["2.20", None]
    assert all(stop["basis"] for stop in data["stops"])
    assert "list prices" in data["basis"]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_of_seven_days_in_a_row_one_begins_a_week(first: datetime) -> None:
    windows = [Window(first + day * DAY_LONG, first + (day + 1) * DAY_LONG) for day in range(7)]
    zones = ("UTC", "Asia/Tokyo", "America/Sao_Paulo")
    assert all(sum(begins_week(window, zone) for window in windows) == 1 for zone in zones)


def test_a_week_begins_when_monday_does_in_the_time_zone() -> None:
    sunday_evening = Window(
        datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 18, tzinfo=UTC)
    )
    assert begins_week(sunday_evening, "Asia/Tokyo")
    assert not begins_week(sunday_evening, "UTC")
