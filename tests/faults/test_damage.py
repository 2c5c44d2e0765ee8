"""Somebody disables, deletes and edits what was deployed here and there: it is put right there, once, nowhere else."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from guardian.demo.cast import Cast
from guardian.localaws.estate import ADMIN_ROLE
from tests.faults.books import REGIONS, team_of
from tests.faults.conftest import Trial
from tests.scenario import rollouts
from tests.scenario.rollouts import Place

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]
DAMAGED = 7
"""Of two hundred places with a policy's stack."""
KILLS = 4
Damage = Callable[[Trial, Place, str], None]
NOTHING = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@pytest.fixture(autouse=True)
def _everything_is_rolled_out(settled: object) -> None: ...


@pytest.fixture
def places(trial: Trial, dice: Random) -> dict[Place, str]:
    """Some of the places with a policy's stack, and the policy's name."""
    drawn = dice.sample(
        [(name, region) for name in trial.cast.accounts for region in REGIONS], DAMAGED
    )
    trial.tell(f"in {', '.join(f'{name} {region}' for name, region in drawn)}")
    teams = team_of(trial.cast)
    chosen = [(trial.cast.accounts[name], region) for name, region in drawn]
    return {place: teams[place[0]] for place in chosen}


def client(cast: Cast, service: str, place: Place) -> Any:
    """The account's administrator's."""
    account, region = place
    keys = cast.estate.assume(account, ADMIN_ROLE, "somebody", region)
    return cast.estate.client(service, region, keys)


def thing(team: str) -> str:
    """The name of a policy's rule, and of the state machine behind it."""
    return f"guardian-{team}-glue-session"


def arn(place: Place, team: str) -> str:
    return f"arn:aws:states:{place[1]}:{place[0]}:stateMachine:{thing(team)}"


def disable_rule(trial: Trial, place: Place, team: str) -> None:
    client(trial.cast, "events", place).disable_rule(Name=thing(team))


def delete_rule(trial: Trial, place: Place, team: str) -> None:
    events = client(trial.cast, "events", place)
    found = events.list_targets_by_rule(Rule=thing(team))["Targets"]
    events.remove_targets(Rule=thing(team), Ids=[target["Id"] for target in found])
    events.delete_rule(Name=thing(team))


def edit_machine(trial: Trial, place: Place, team: str) -> None:
    machines = client(trial.cast, "stepfunctions", place)
    machines.update_state_machine(stateMachineArn=arn(place, team), definition=json.dumps(NOTHING))


def delete_stack(trial: Trial, place: Place, team: str) -> None:
    stack = trial.books.before[f"guardian-{team}"][place].id
    client(trial.cast, "cloudformation", place).delete_stack(StackName=stack)


def deployed(trial: Trial, place: Place, team: str) -> Any:
    """What is at work in a place: the rule, its targets, the state machine's definition."""
    events, machines = (client(trial.cast, s, place) for s in ("events", "stepfunctions"))
    rule = events.describe_rule(Name=thing(team))
    targets = events.list_targets_by_rule(Rule=thing(team))["Targets"]
    machine = machines.describe_state_machine(stateMachineArn=arn(place, team))
    pattern, definition = json.loads(rule["EventPattern"]), json.loads(machine["definition"])
    return rule["State"], pattern, targets, machine["roleArn"], definition


@pytest.mark.parametrize(
    ("damage", "repair"),
    [
        (disable_rule, ("PutRule", "PutTargets")),
        (delete_rule, ("PutRule", "PutTargets")),
        (edit_machine, ("UpdateStateMachine",)),
    ],
)
def test_damage_that_guardian_mends_in_place(
    trial: Trial, places: dict[Place, str], damage: Damage, repair: tuple[str, ...]
) -> None:
    before = {place: deployed(trial, place, team) for place, team in places.items()}
    for place, team in places.items():
        damage(trial, place, team)
    trial.converges()
    once = {(*place, operation): 1 for place in places for operation in repair}
    assert trial.books.written() == Counter(once)
    assert trial.books.moved() == set()
    assert trial.asked() == {}
    assert {place: deployed(trial, place, team) for place, team in places.items()} == before


def test_deleted_stacks(trial: Trial, places: dict[Place, str]) -> None:
    for place, team in places.items():
        delete_stack(trial, place, team)
    trial.converges()
    assert trial.books.moved() == places.keys()
    assert trial.books.written() == {}
    operations = batches(places)
    assert trial.asked() == {
        "DeleteStackInstances": operations,
        "CreateStackInstances": operations,
    }


def batches(places: dict[Place, str]) -> int:
    """How many operations reach these places and no others: each is accounts times regions."""
    regions: dict[tuple[str, str], set[str]] = {}
    for (account, region), team in places.items():
        regions.setdefault((team, account), set()).add(region)
    return len({(team, *sorted(of)) for (team, _), of in regions.items()})


def test_all_of_it_at_once_while_calls_are_throttled_and_guardian_is_killed(
    trial: Trial, places: dict[Place, str], dice: Random
) -> None:
    before = {place: deployed(trial, place, team) for place, team in places.items()}
    lot = {place: dice.choice(DAMAGES) for place in places}
    trial.tell(", ".join(damage.__name__.replace("_", " ") for damage in lot.values()))
    for place, team in places.items():
        lot[place](trial, place, team)
    rollouts.throttle(trial.installation, "cloudformation", "sts", "events", "stepfunctions")
    trial.is_killed(dice, KILLS)
    trial.converges()
    assert trial.books.moved() == {p for p, damage in lot.items() if damage is delete_stack}
    assert {place: deployed(trial, place, team) for place, team in places.items()} == before


DAMAGES: tuple[Damage, ...] = (disable_rule, delete_rule, edit_machine, delete_stack)
