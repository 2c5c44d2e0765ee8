"""Every governed kind, by its declaration alone, on local AWS: a new kind is here by being there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from guardian.aws.connect import Aws, connect
from guardian.aws.options import AwsOptions
from guardian.clock import ScaledClock, system_now
from guardian.documents import moment, pick, text
from guardian.errors import NotFound
from guardian.kinds import all_kinds
from guardian.kinds.base import KEEP_UNTIL, IdleSamples, Kind, Listing, Phase
from guardian.verdict import LookAgain, Stop, Verdict, tags_of
from tests.contract.conftest import HOME, let_guardian_in, surroundings
from tests.contract.running import Place
from tests.contract.starting import Account
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import Eventually, HttpCall, new_account

pytestmark = pytest.mark.slow

KINDS = all_kinds()
UNTOLD = {"emr-serverless-session": {"vcpu_hours", "gb_hours"}, "ec2-instance": {"platform"}}
"""Facts that local AWS does not know."""


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Instead of the one that forgets after each test: they all look at the same things."""


@pytest.fixture(scope="module")
def guardian(
    endpoint: str, http: HttpCall, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(endpoint, tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        yield connect(AwsOptions(home_region=HOME), system_now, lambda _: False)
    http("POST", "/moto-api/reset")


@pytest.fixture(scope="module")
def local_now(local_aws: dict[str, Any]) -> Callable[[], datetime]:
    clock = local_aws["clock"]
    return ScaledClock(clock["origin"], clock["scale"])


@dataclass
class World:
    """Where the kinds run: each is started when the first test asks for it."""

    guardian: Aws
    boto: Boto
    eventually: Eventually

    def __post_init__(self) -> None:
        self._places: dict[str, tuple[Place, tuple[str, str]]] = {}

    def empty(self, kind: Kind) -> Place:
        """An account for a kind, in which nothing runs."""
        account = new_account(self.boto, f"account-{kind.key}")
        let_guardian_in(self.boto, account)
        return Place(self.guardian, kind, Account(self.boto, account, self.eventually))

    def running(self, kind: Kind) -> tuple[Place, tuple[str, str]]:
        """The account where two of a kind run, and which they are."""
        if kind.key not in self._places:
            place = self.empty(kind)
            self._places[kind.key] = place, (place.start("one"), place.start("Two"))
        return self._places[kind.key]


@pytest.fixture(scope="module")
def world(guardian: Aws, aws: Boto, eventually: Eventually) -> World:
    return World(guardian, aws, eventually)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def in_small_pages(listing: Listing) -> Listing:
    """The listing with one item a page, wherever its calls have a word for it."""
    arguments = dict(listing.call.arguments)
    if "MaxResults" in arguments and listing.call.service != "ec2":  # which takes five at least
        arguments["MaxResults"] = 1
    within = in_small_pages(listing.within) if listing.within else None
    return replace(listing, call=replace(listing.call, arguments=arguments), within=within)


def test_what_runs_is_listed_with_its_id_its_status_and_its_start(
    world: World, kind: Kind, local_now: Callable[[], datetime]
) -> None:
    place, running = world.running(kind)
    found = {c.id: c for c in world.guardian.members.candidates(kind, place.target)}
    for identifier in running:
        candidate = found[identifier]
        assert kind.phase(candidate.status) is Phase.LIVE
        assert candidate.started is not None
        assert timedelta(0) <= local_now() - candidate.started < timedelta(hours=6)
        assert all(kind.parts_of(identifier).values()) or kind.key == "sagemaker-app"


def test_all_pages_of_all_its_listings_are_read(world: World, kind: Kind) -> None:
    place, running = world.running(kind)
    assert place.listed().keys() >= set(running)
    assert place.listed(in_small_pages(kind.listing)) == place.listed()


def test_none_are_listed_where_there_is_none(world: World, kind: Kind) -> None:
    assert world.empty(kind).listed() == {}


def test_a_look_tells_all_that_the_kind_says_it_does(
    world: World, kind: Kind, local_now: Callable[[], datetime]
) -> None:
    place, (identifier, _) = world.running(kind)
    seen = place.look(identifier)
    began = moment(pick(seen, kind.start))
    facts = {name for name, path in kind.facts.items() if pick(seen, path) is not None}
    assert kind.reads.keys() - kind.optional <= seen.keys()
    assert kind.phase(text(seen, kind.status)) is Phase.LIVE
    assert began is not None
    assert timedelta(0) <= local_now() - began < timedelta(hours=6)
    assert tags_of(kind, seen)["owner"] == "ana"
    assert facts >= kind.facts.keys() - UNTOLD.get(kind.key, set())


@pytest.mark.parametrize(
    "key", [k for k, kind in KINDS.items() if kind.listing.as_read is not None]
)
def test_a_listing_that_stands_for_the_first_read_is_believed_to_say_the_same(
    world: World, key: str
) -> None:
    kind = KINDS[key]
    place, (identifier, _) = world.running(kind)
    members, target = world.guardian.members, place.target
    listed = next(c for c in members.candidates(kind, target) if c.id == identifier)
    looked, told = (
        place.look(identifier),
        members.look(kind, target, identifier, None, listed.read),
    )
    judged = [kind.status, kind.start, *kind.facts.values(), *kind.busy, kind.owner, kind.arn_told]
    for path in filter(None, judged):
        assert pick(told, path) == pick(looked, path), path
    assert tags_of(kind, told) == tags_of(kind, looked)


def test_who_started_it_is_found(world: World, kind: Kind) -> None:
    place, running = world.running(kind)
    role = f"arn:aws:iam::{place.account.id}:role/OrganizationAccountAccessRole"
    for identifier in running:
        began = moment(pick(place.look(identifier), kind.start))
        assert began is not None
        origin = world.guardian.members.origin(kind, place.target, identifier, began)
        assert origin is not None
        assert origin.owner == "tests"
        assert role in origin.principals


def test_nobody_started_what_never_was(
    world: World, kind: Kind, local_now: Callable[[], datetime]
) -> None:
    place, (identifier, _) = world.running(kind)
    another = f"{identifier}x"
    assert world.guardian.members.origin(kind, place.target, another, local_now()) is None


def test_what_never_was_is_not_found(world: World, kind: Kind) -> None:
    place, (identifier, _) = world.running(kind)
    with pytest.raises(NotFound):
        place.look(never(kind, identifier))


def never(kind: Kind, identifier: str) -> str:
    """An id of the same form that nothing has."""
    last = list(kind.parts_of(identifier).values())[-1]
    other = "".join(chr(ord(c) ^ 1) if c.isdigit() else c for c in last)
    return identifier.removesuffix(last) + (other if other != last else f"{last}-never")


def test_what_runs_is_to_be_stopped_once_its_grace_is_over(
    world: World, kind: Kind, local_now: Callable[[], datetime]
) -> None:
    place, (identifier, _) = world.running(kind)
    assert isinstance(place.judged(identifier, local_now()), Stop)


@pytest.mark.parametrize("key", [key for key, kind in KINDS.items() if kind.idle])
def test_what_is_idle_is_to_be_stopped_after_a_while(
    world: World, key: str, eventually: Eventually, local_now: Callable[[], datetime]
) -> None:
    kind = KINDS[key]
    place, (identifier, _) = world.running(kind)
    idle = kind.idle.period if isinstance(kind.idle, IdleSamples) else timedelta(minutes=1)

    def verdict() -> Verdict:
        return place.judged(identifier, local_now(), idle)

    eventually(lambda: isinstance(verdict(), Stop), within=30)


def test_it_is_kept_alive_by_a_tag_that_a_look_tells(
    world: World, kind: Kind, local_now: Callable[[], datetime]
) -> None:
    place, (_, identifier) = world.running(kind)
    until = (local_now() + timedelta(hours=4)).replace(microsecond=0)

    world.guardian.members.keep(kind, place.target, identifier, until)

    tags = tags_of(kind, place.look(identifier))
    assert tags[KEEP_UNTIL] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    assert tags["owner"] == "ana"
    assert place.judged(identifier, local_now()) == LookAgain(
        until, f"kept alive until {tags[KEEP_UNTIL]}"
    )


def test_a_stop_takes_effect(world: World, kind: Kind, eventually: Eventually) -> None:
    place, _ = world.running(kind)
    identifier = place.start("three")

    world.guardian.members.stop(kind, place.target, identifier)

    assert ended(place, identifier, Phase.ENDING, Phase.OVER)
    eventually(lambda: ended(place, identifier, Phase.OVER))


def ended(place: Place, identifier: str, *phases: Phase) -> bool:
    """Whether it is in one of these phases, or gone."""
    try:
        return place.phase(identifier) in phases
    except NotFound:
        return True
