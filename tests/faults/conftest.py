"""A hundred accounts in two regions on a local AWS of their own; what is done to them is drawn by lot, and printed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

import pytest

from guardian.demo.cast import Cast
from guardian.demo.servers import local_aws
from guardian.localslack import LocalSlack
from tests.faults.books import REGIONS, Books, standing, suspended, wanted
from tests.scenario import rollouts
from tests.scenario.conftest import CHANNEL, Installation

ACCOUNTS, CANARIES = 100, 12
SHORTEST, LONGEST = 0.8, 12
"""Real seconds: until an apply makes its first call, and until it has come to its end, roughly."""
Told = Callable[[str], None]


def _ou(number: int) -> str:
    """The first accounts are canaries, in an OU below their team's."""
    team = rollouts.by_turns(number)
    return f"{team}/canary" if number < CANARIES else team


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    with local_aws() as aws:
        yield rollouts.organization(aws, ACCOUNTS, _ou)


@pytest.fixture(scope="module")
def installation(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    slack = LocalSlack(0, (CHANNEL,))
    slack.start()
    directory = tmp_path_factory.mktemp("faults") / "config"
    with rollouts.governing(cast, slack, directory, REGIONS) as made:
        yield made
    slack.stop()


@pytest.fixture(scope="module")
def settled(installation: Installation) -> Installation:
    """Everything is rolled out."""
    assert installation.apply().failed == ()
    return installation


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> Random:
    """The same for the same seed, which pytest prints first."""
    return Random(f"{request.config.getoption('randomly_seed')} {request.node.name}")  # noqa: S311 - no secret


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Told:
    began = time.monotonic()
    print(f"\n{request.node.name.removeprefix('test_').replace('_', ' ')}")  # noqa: T201 - this is what -s shows

    def told(words: str) -> None:
        print(f"  {time.monotonic() - began:5.1f} s  {words}", flush=True)  # noqa: T201

    return told


@dataclass
class Trial:
    """A fault and what came of it, judged by AWS's own record."""

    installation: Installation
    books: Books
    tell: Told

    @property
    def cast(self) -> Cast:
        return self.installation.cast

    def is_killed(self, dice: Random, times: int) -> None:
        """Start `guardian apply` and kill it when nobody expects it, again and again, later each time."""
        for seconds in sorted(dice.uniform(SHORTEST, LONGEST) for _ in range(times)):
            with self.installation.start("apply", "--yes") as process:
                time.sleep(seconds)
                ended = process.poll()
                process.kill()
                process.communicate()
            said = f"killed after {seconds:.1f} s" if ended is None else f"it had ended: {ended}"
            self.tell(f"{said}; asked {_words(self.books.asked())}")

    def converges(self) -> None:
        """Apply until nothing is left to do: everything stands where it should, once, and nothing was done twice."""
        rollouts.converged(self.installation)
        out_of_reach = suspended(self.cast)
        there = {
            name: {place: stack for place, stack in of.items() if place[0] not in out_of_reach}
            for name, of in standing(self.cast).items()
        }
        assert {name: set(of) for name, of in there.items()} == wanted(self.cast)
        stacks = [stack for of in there.values() for stack in of.values()]
        assert {stack.status for stack in stacks} == {"CURRENT"}
        assert len({stack.id for stack in stacks}) == len(stacks)
        assert rollouts.done_twice(self.books.operations()) == []
        self.tell(f"{len(stacks)} stacks stand; asked {_words(self.books.asked())}")

    def asked(self) -> Mapping[str, int]:
        return dict(self.books.asked())


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items())) or "nothing"


@pytest.fixture
def trial(installation: Installation, tell: Told) -> Iterator[Trial]:
    """The books are opened now, and nothing that was made to fail goes on to."""
    yield Trial(installation, Books(installation.cast), tell)
    rollouts.forget_faults(installation)
