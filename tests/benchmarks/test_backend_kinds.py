"""Guardian's real adapter finds, looks at and stops every default kind on the backend of the benchmarks."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from benchmarks.backend.process import RunningBackend
from benchmarks.backend.seed import HUB, Seed
from guardian.aws.connect import Aws, connect
from guardian.aws.options import AwsOptions
from guardian.clock import system_now
from guardian.documents import Document, moment, pick, text
from guardian.ids import AccountId, Region, Target
from guardian.kinds import default_kinds
from guardian.kinds.base import IdleSamples, Kind, Phase
from guardian.ports import Candidate
from guardian.verdict import tags_of
from tests.benchmarks.conftest import HOME

KINDS = default_kinds()
EACH = 3
SEED = Seed(accounts=2, things=dict.fromkeys(KINDS, EACH), due_every=EACH, stopping=60)
PLACE = Target(AccountId(SEED.account_ids[0]), Region(HOME))

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


@pytest.fixture
def guardian(backend: RunningBackend) -> Iterator[Aws]:
    """Over a world in which every kind runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in backend.seed(SEED).environment.items():
            patch.setenv(name, value)
        options = AwsOptions(home_region=Region(HOME), hub_account=AccountId(HUB))
        yield connect(options, system_now, lambda _: False)


def live(guardian: Aws, kind: Kind) -> list[Candidate]:
    found = guardian.members.candidates(kind, PLACE)
    return [each for each in found if kind.phase(each.status) is Phase.LIVE]


def due(guardian: Aws, kind: Kind) -> str:
    """The id of the one that has no tag to keep it."""
    ids = [each.id for each in live(guardian, kind)]
    (found,) = [i for i in ids if "guardian" not in tags_of(kind, look(guardian, kind, i))]
    return found


def look(guardian: Aws, kind: Kind, identifier: str) -> Document:
    now = system_now()
    idle = (now - timedelta(hours=2), now) if isinstance(kind.idle, IdleSamples) else None
    return guardian.members.look(kind, PLACE, identifier, idle)


@every_kind
def test_a_kind_is_listed_with_its_age(guardian: Aws, kind: Kind) -> None:
    found = live(guardian, kind)
    assert len(found) >= EACH
    assert all(each.started and each.started < system_now() - timedelta(days=1) for each in found)


@every_kind
def test_a_kind_runs_and_one_of_some_is_due(guardian: Aws, kind: Kind) -> None:
    seen = look(guardian, kind, due(guardian, kind))
    started = moment(pick(seen, kind.start))
    assert kind.phase(text(seen, kind.status)) is Phase.LIVE
    assert started
    assert started < system_now() - timedelta(days=1)


@every_kind
def test_who_started_a_kind_is_told(guardian: Aws, kind: Kind) -> None:
    identifier = due(guardian, kind)
    started = moment(pick(look(guardian, kind, identifier), kind.start))
    assert started
    origin = guardian.members.origin(kind, PLACE, identifier, started)
    assert origin
    assert origin.owner == "ana"


@every_kind
def test_a_kind_is_stopped(guardian: Aws, kind: Kind, backend: RunningBackend) -> None:
    identifier = due(guardian, kind)
    guardian.members.stop(kind, PLACE, identifier)
    seen = look(guardian, kind, identifier)
    record = backend.record()
    assert kind.phase(text(seen, kind.status)) is Phase.ENDING
    assert record.stopped == 1
    assert record.stopped_wrongly == []
    assert kind.key not in {
        thing["kind"] for thing in record.missed if thing["account"] == PLACE.account
    }
    assert record.unknown == {}
    assert record.mixed_up == 0


def test_idle_clusters_have_a_sample_every_five_minutes(guardian: Aws) -> None:
    kind = KINDS["emr-cluster"]
    assert isinstance(kind.idle, IdleSamples)
    seen = look(guardian, kind, due(guardian, kind))
    samples = pick(seen, f"idle.{kind.idle.samples}")
    assert isinstance(samples, list)
    assert set(samples) == {1.0}
    assert len(samples) >= 23


@every_kind
def test_an_empty_place_lists_nothing(guardian: Aws, kind: Kind) -> None:
    empty = Target(PLACE.account, Region("eu-central-1"))
    assert list(guardian.members.candidates(kind, empty)) == []
