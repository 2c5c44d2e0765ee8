"""Policies change and accounts move, are closed, refuse: what is deployed follows, whatever comes in between."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random

import pytest

from guardian.demo.cast import HOME
from tests.faults.books import REGIONS, suspended, team_of
from tests.faults.conftest import ACCOUNTS, CANARIES, Trial
from tests.scenario import rollouts
from tests.scenario.conftest import Installation, eventually
from tests.scenario.rollouts import Place

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]
KILLS = 6
MOVED = 6
DENIED = "denied by a service control policy"


@pytest.fixture(autouse=True)
def _everything_is_rolled_out(settled: object) -> None: ...


def change(trial: Trial, dice: Random, *teams: str) -> None:
    """Give policies another grace."""
    for team in teams:
        text = rollouts.policy(team, f"{dice.randrange(61, 6000)}m", REGIONS)
        trial.installation.write(**{team: text})


def members(trial: Trial, team: str) -> set[str]:
    return {account for account, of in team_of(trial.cast).items() if of == team}


def everywhere(accounts: set[str]) -> set[Place]:
    return {(account, region) for account in accounts for region in REGIONS}


def canaries(trial: Trial) -> set[str]:
    return set(list(trial.cast.accounts.values())[:CANARIES])


@pytest.fixture
def in_waves(installation: Installation) -> Iterator[None]:
    """Templates go to the canaries first, for the time of a test."""
    path = installation.directory / "guardian.yaml"
    plain = path.read_text()
    first = ", ".join(f"/{team}/canary" for team in rollouts.TEAMS)
    path.write_text(f"{plain}rollout: {{waves: [[{first}], [/]], bake: 1m}}\n")
    yield
    path.write_text(plain)


@pytest.mark.usefixtures("in_waves")
def test_a_changed_policy_goes_to_the_canaries_and_then_to_all_others(
    trial: Trial, dice: Random
) -> None:
    team = dice.choice(rollouts.TEAMS)
    trial.tell(f"the policy of {team}")
    change(trial, dice, team)
    trial.converges()
    first, second = trial.books.operations()
    assert {first.stack_set, second.stack_set} == {f"guardian-{team}"}
    assert first.succeeded == everywhere(members(trial, team) & canaries(trial))
    assert second.succeeded == everywhere(members(trial, team) - canaries(trial))
    assert trial.asked() == {"UpdateStackSet": 2}


@pytest.mark.usefixtures("in_waves")
def test_a_policy_that_fails_with_the_canaries_goes_no_further(trial: Trial, dice: Random) -> None:
    team = dice.choice(rollouts.TEAMS)
    victim = min(members(trial, team) & canaries(trial))
    before = (trial.installation.directory / "policies" / f"{team}.yaml").read_text()
    change(trial, dice, team)
    let_stacks_fail(trial, victim, DENIED)
    assert trial.installation.run("apply", "--yes").code == 1
    let_stacks_fail(trial, victim, None)
    back = rollouts.converged(trial.installation)
    assert any("was taken back" in skip["reason"] for skip in back["skips"])
    wave, undone = trial.books.operations()
    others = everywhere(members(trial, team) - canaries(trial))
    assert wave.succeeded == everywhere(members(trial, team) & canaries(trial) - {victim})
    assert undone.succeeded >= wave.succeeded
    assert not wave.succeeded & others
    trial.installation.write(**{team: before})
    trial.converges()
    assert trial.asked() == {"UpdateStackSet": 2}


def moves(trial: Trial, dice: Random, count: int) -> tuple[set[str], set[str], set[str]]:
    """Move accounts to other teams; answers the accounts, the teams that lose some and those that get some."""
    accounts, gone, come = set(), set(), set()
    teams = team_of(trial.cast)
    for name in dice.sample(list(trial.cast.accounts)[CANARIES:], count):
        account = trial.cast.accounts[name]
        old = teams[account]
        new = dice.choice([team for team in rollouts.TEAMS if team != old])
        trial.tell(f"{name} moves from {old} to {new}")
        trial.cast.move(name, f"/{old}", f"/{new}")
        accounts.add(account)
        gone.add(old)
        come.add(new)
    return accounts, gone, come


def test_accounts_that_move(trial: Trial, dice: Random) -> None:
    moved, gone, come = moves(trial, dice, MOVED)
    trial.converges()
    assert trial.books.moved() == everywhere(moved)
    assert trial.asked() == {"DeleteStackInstances": len(gone), "CreateStackInstances": len(come)}
    nobody_is_governed_twice(trial)


def nobody_is_governed_twice(trial: Trial) -> None:
    """Each stack was gone before another came in its place."""
    gone: dict[Place, datetime] = {}
    for done in trial.books.operations():
        assert done.ended
        if done.action == "DELETE":
            gone |= dict.fromkeys(done.succeeded, done.ended)
        else:
            assert done.action == "CREATE"
            assert max(gone[place] for place in done.succeeded) <= done.began


def test_an_account_that_joins_and_is_suspended(trial: Trial, dice: Random) -> None:
    team, cast = dice.choice(rollouts.TEAMS), trial.cast
    late = cast.estate.account(f"late-{team}", cast.ous[f"/{team}"], cast.ous["/"], HOME)
    trial.converges()
    trial.tell(f"{late} has joined {team}")
    assert trial.books.moved() == everywhere({late})
    assert trial.asked() == {"CreateStackInstances": 2}
    cast.estate.client("organizations", HOME).close_account(AccountId=late)
    change(trial, dice, *rollouts.TEAMS)
    trial.converges()
    trial.tell(f"{late} is suspended, and the policies have changed")
    assert trial.books.moved() == everywhere({late})
    assert trial.asked() == {"CreateStackInstances": 2, "UpdateStackSet": 3}


def ended(trial: Trial, stack_set: str, operation: str) -> bool:
    cloudformation = trial.cast.estate.client("cloudformation", HOME)
    found = cloudformation.describe_stack_set_operation(
        StackSetName=stack_set, OperationId=operation
    )
    return bool(found["StackSetOperation"]["Status"] != "RUNNING")


def test_an_account_in_which_everything_is_denied(trial: Trial, dice: Random) -> None:
    victim = dice.choice(list(trial.cast.accounts.values()))
    team = team_of(trial.cast)[victim]
    trial.tell(f"{victim} of {team}")
    change(trial, dice, *rollouts.TEAMS)
    let_stacks_fail(trial, victim, DENIED)
    denied = {"error": "AccessDenied", "status": 403, "account": victim, "times": 10**6}
    for service in ("events", "stepfunctions", "iam", "sqs", "cloudtrail"):
        trial.cast.aws.post("/localaws/faults", {"service": service, **denied})
    assert trial.installation.run("apply", "--yes").code == 1
    good = {place for done in trial.books.operations() for place in done.succeeded}
    everyone = everywhere(set(trial.cast.accounts.values()))
    assert good - everywhere(suspended(trial.cast)) == everyone - everywhere({victim})
    trial.tell("all others have their policies")
    rollouts.forget_faults(trial.installation)
    let_stacks_fail(trial, victim, None)
    trial.converges()
    again = trial.books.operations()[-1]
    assert again.succeeded == everywhere({victim})
    assert trial.asked() == {"UpdateStackSet": 4}
    assert trial.books.moved() == set()


def let_stacks_fail(trial: Trial, account: str, reason: str | None) -> None:
    fault = {"account": account, "reason": reason}
    trial.cast.aws.post("/localaws/stacksets/faults", fault)


def test_an_operation_of_somebody_else_that_is_running(trial: Trial, dice: Random) -> None:
    busy = dice.choice(rollouts.TEAMS)
    other = dice.choice([team for team in rollouts.TEAMS if team != busy])
    change(trial, dice, busy, other)
    operation = one_account_after_the_other(trial, busy)
    shown = trial.installation.run("apply", "--yes", "--format", "json")
    skips = json.loads(shown.out)["skips"]
    waiting = {(s["account"], s["region"]) for s in skips if "is in progress" in s["reason"]}
    closed = everywhere(suspended(trial.cast))  # what is to be forgotten of those waits too
    assert waiting - closed == everywhere(members(trial, busy))
    assert updated(trial) == {f"guardian-{other}": everywhere(members(trial, other))}
    trial.tell(f"{other} is done while somebody is at work on {busy}")
    eventually(lambda: ended(trial, f"guardian-{busy}", operation), within=120)
    trial.converges()
    assert updated(trial).keys() == {f"guardian-{busy}", f"guardian-{other}"}
    assert trial.asked() == {"UpdateStackSet": 2}


def one_account_after_the_other(trial: Trial, team: str) -> str:
    """What StackSets does where nobody says otherwise; it takes its time."""
    cloudformation = trial.cast.estate.client("cloudformation", HOME)
    answer = cloudformation.update_stack_instances(
        StackSetName=f"guardian-{team}",
        Regions=list(REGIONS),
        DeploymentTargets={"OrganizationalUnitIds": [trial.cast.ous[f"/{team}"]]},
        ParameterOverrides=[],
    )
    return str(answer["OperationId"])


def updated(trial: Trial) -> Mapping[str, set[Place]]:
    """What guardian's own updates have reached; those of others have ids that do not tell what for they are."""
    ours = [o for o in trial.books.operations() if o.identifier.startswith("update-")]
    return {done.stack_set: set(done.succeeded) for done in ours}


def test_a_change_of_every_policy_that_is_killed_at_any_moment(trial: Trial, dice: Random) -> None:
    change(trial, dice, *rollouts.TEAMS)
    trial.is_killed(dice, KILLS)
    trial.converges()
    assert trial.asked() == {"UpdateStackSet": 3}
    assert trial.books.moved() == set()


@pytest.mark.parametrize("operation", ["UpdateStackSet", "DescribeStackSetOperation"])
def test_a_change_that_is_killed_in_a_call(trial: Trial, dice: Random, operation: str) -> None:
    change(trial, dice, dice.choice(rollouts.TEAMS))
    rollouts.killed_at(trial.installation, operation)
    trial.converges()
    assert trial.asked() == {"UpdateStackSet": 1}


@pytest.mark.parametrize("operation", ["DeleteStackInstances", "CreateStackInstances"])
def test_a_move_that_is_killed_in_a_call(trial: Trial, dice: Random, operation: str) -> None:
    moves(trial, dice, 1)
    rollouts.killed_at(trial.installation, operation)
    trial.converges()
    assert trial.asked() == {"DeleteStackInstances": 1, "CreateStackInstances": 1}
    nobody_is_governed_twice(trial)


def test_a_change_of_every_policy_of_which_every_fifth_call_is_throttled(
    trial: Trial, dice: Random
) -> None:
    change(trial, dice, *rollouts.TEAMS)
    rollouts.throttle(trial.installation, "cloudformation", "organizations", "sts", "events")
    trial.converges()
    refused = rollouts.refused_calls(trial.installation)
    trial.tell(f"{refused} calls were throttled")
    assert refused > ACCOUNTS
    assert trial.asked() == {"UpdateStackSet": 3}
