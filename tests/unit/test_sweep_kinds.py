"""The sweep over things of every kind, as AWS answers of them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.aws.origins import origin_of
from guardian.documents import instant, pick
from guardian.jobs.sweep import Place
from guardian.kinds import all_kinds
from guardian.kinds.base import IdleSamples, IdleSince, Kind
from guardian.outcome import Outcome, Result
from guardian.policy.model import Mode, Rule
from guardian.ports import Origin
from guardian.verdict import Sighting
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import NOW, TARGET, announced, machine_that_saw, put
from tests.unit.sweeping import MARGIN, Sweep, place, sweeping_into

ANSWERS = Path(__file__).parents[1] / "answers"
KINDS = all_kinds()
DAYS = timedelta(days=30)
SINCE = {key: kind.idle for key, kind in KINDS.items() if isinstance(kind.idle, IdleSince)}
CALLERS = (
    "arn:aws:sts::111122223333:assumed-role/Analyst/ana@example.com",
    "arn:aws:iam::111122223333:user/team/ben",
    "arn:aws:iam::111122223333:root",
)


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def answers(kind: Kind) -> dict[str, Any]:
    """What AWS answers of one that began long ago."""
    seen: dict[str, Any] = json.loads((ANSWERS / f"{kind.key}.json").read_text(encoding="utf-8"))
    put(seen, kind.start, instant(NOW - DAYS))
    return seen


def identifier(kind: Kind) -> str:
    return "/".join(f"{part}-1" for part in kind.parts)


def governed(kind: Kind, idle: timedelta | None = None, mode: Mode = Mode.OBSERVE) -> Place:
    return replace(place(), rule=Rule(kind, mode, timedelta(0), idle, ()))


def found(swept: Sweep, here: Place, seen: Any, origin: Origin | None = None) -> Outcome:
    """The one thing that a sweep has to say."""
    kind = here.rule.kind
    cloud = Cloud({(TARGET, identifier(kind)): seen})
    cloud.origins = {identifier(kind): origin} if origin else {}
    (outcome,) = swept(cloud, here).outcomes
    return outcome


def test_what_is_due_is_told_with_its_facts(swept: Sweep, kind: Kind) -> None:
    seen = answers(kind)
    outcome = found(swept, governed(kind), seen)
    assert (outcome.result, outcome.started) == (Result.WOULD_STOP, NOW - DAYS)
    assert outcome.facts == {
        name: pick(seen, path) for name, path in kind.facts.items() if pick(seen, path) is not None
    }


def untagged(kind: Kind, seen: dict[str, Any]) -> dict[str, Any]:
    if kind.tags is not None:
        put(seen, kind.tags.path, [] if kind.tags.pairs else {})
    return seen


def tagged(kind: Kind, seen: dict[str, Any], owner: str) -> dict[str, Any]:
    if kind.tags is not None:
        pairs = [{"Key": "owner", "Value": owner}]
        put(seen, kind.tags.path, pairs if kind.tags.pairs else {"owner": owner})
    return seen


@pytest.mark.parametrize(
    ("tag", "caller"), [("carla", CALLERS[0]), *(("", caller) for caller in (*CALLERS, ""))]
)
def test_the_sweep_and_the_machine_know_the_same_owner(
    swept: Sweep, kind: Kind, caller: str, tag: str
) -> None:
    seen = tagged(kind, answers(kind), tag) if tag else untagged(kind, answers(kind))
    here = governed(kind)
    sighting = Sighting(
        identifier(kind), TARGET, seen, NOW - DAYS, (caller,) if caller else (), ("",)
    )
    told = origin_of(announced(kind, sighting)["detail"], kind.starts[0]) if caller else None

    by_sweep = found(swept, here, seen, told).owner
    by_machine = machine_that_saw(here.rule, sighting).variables["verdict"].get("owner", "")

    assert by_sweep == by_machine
    assert bool(by_sweep) is bool(tag or caller or pick(seen, kind.owner or "nobody"))


@pytest.mark.parametrize("key", [key for key, kind in KINDS.items() if kind.owner])
def test_what_nobody_is_known_to_have_started_tells_itself_whose_it_is(
    swept: Sweep, key: str
) -> None:
    kind = KINDS[key]
    seen = untagged(kind, answers(kind))
    assert found(swept, governed(kind), seen).owner == pick(seen, kind.owner)


@pytest.mark.parametrize("key", SINCE)
def test_what_tells_since_when_it_is_idle_is_left_its_margin_and_no_more(
    swept: Sweep, key: str
) -> None:
    kind, idle = KINDS[key], timedelta(hours=2)
    here, seen = governed(kind, idle), answers(kind)
    put(seen, kind.status, SINCE[key].status)
    put(seen, SINCE[key].since, instant(NOW - idle - MARGIN + timedelta(seconds=1)))
    cloud = Cloud({(TARGET, identifier(kind)): seen})
    assert swept(cloud, here).outcomes == ()
    put(seen, SINCE[key].since, instant(NOW - idle - MARGIN))
    outcome = found(swept, here, seen)
    assert (outcome.reason, outcome.due) == ("idle for 2h", NOW - MARGIN)


def test_only_what_is_measured_by_samples_is_looked_at_through_a_window(
    swept: Sweep, kind: Kind
) -> None:
    cloud = Cloud({(TARGET, identifier(kind)): answers(kind)})
    swept(cloud, governed(kind, timedelta(hours=1)))
    windows = {window is not None for window in cloud.windows}
    assert windows == {isinstance(kind.idle, IdleSamples)}


@pytest.mark.parametrize("key", [key for key, kind in KINDS.items() if kind.busy])
def test_what_is_at_work_is_left(swept: Sweep, key: str) -> None:
    kind = KINDS[key]
    seen = answers(kind)
    for path in kind.busy:
        put(seen, path, [{"Id": "job"}])
    assert swept(Cloud({(TARGET, identifier(kind)): seen}), governed(kind)).outcomes == ()


def test_a_stop_of_any_kind_is_told_once_it_is_seen(swept: Sweep, kind: Kind) -> None:
    cloud = Cloud({(TARGET, identifier(kind)): answers(kind)})
    (outcome,) = swept(cloud, governed(kind, mode=Mode.STOP)).outcomes
    assert (outcome.result, cloud.stopped) == (Result.STOPPED, [identifier(kind)])
