"""Every call that guardian makes, as anybody, is allowed by the role it makes it in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from guardian.app import Guardian
from guardian.demo.cast import HOME, RESEARCH, SANDBOX, Cast
from guardian.desire import desire
from guardian.ids import Slug
from guardian.jobs.detect import detect_once, settled
from guardian.jobs.sweep import Place, governed_places, sweep_once
from guardian.kinds import all_kinds
from guardian.localslack import LocalSlack
from guardian.outcome import By, Outcome, Result
from guardian.policy.model import Policy
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.template import template
from tests.scenario.conftest import Installation, calls, eventually, forget_calls, installed
from tests.scenario.grants import Grants, denied, hub_grants, needed_by, roles_in
from tests.scenario.life import At
from tests.scenario.lives import LIVES, launch

KINDS = all_kinds()
HUB, MEMBER = "guardian-hub", "guardian-member"
MACHINES = {
    key: names.machine_role(Slug("sandbox"), key).replace("${AWS::Region}", HOME) for key in KINDS
}
"""The roles of the kinds' state machines."""
IDLE = {key: "15m" if key == "emr-cluster" else "1m" for key, kind in KINDS.items() if kind.idle}
"""A cluster outlives its sessions."""
HALVES = tuple(
    [key for key, kind in KINDS.items() if kind.default is default] for default in (False, True)
)
"""The template of all kinds at once is larger than a call may be."""
NOT_CALLED_HERE = {
    "cloudformation:ListStackInstanceResourceDrifts": "asked only of what CloudFormation says has drifted",
    "organizations:ListAccountsForParent": "asked only where the listing of accounts names no OUs",
    "organizations:ListDelegatedAdministrators": "StackSets asks for it in the name of a delegated administrator",
    "s3:GetObjectVersion": "StackSets reads a template too large for a call, in guardian's name",
    "s3:PutObject": "puts such a template there: tests/contract/test_hub_stack.py",
}
"""What guardian's own role may do and did not in this life, and why it may."""
BROKEN = 4
"""How many things of ana's are broken; ben's rules come on top."""

pytestmark = pytest.mark.slow


def policy_for(kinds: Iterable[str], grace: str = "30s") -> str:
    lines = (
        f"  {key}: {{grace: {grace}{f', idle: {IDLE[key]}' if key in IDLE else ''}}}\n"
        for key in kinds
    )
    return f"ou: {SANDBOX}\nmode: stop\nregions: [{HOME}]\nkinds:\n{''.join(lines)}"


@dataclass
class Life:
    """Every call that was made, and under which policies of the sandbox."""

    made: list[dict[str, Any]]
    policies: list[Policy]


@pytest.fixture(scope="module")
def installation(
    cast: Cast, slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """As the hub's stack has it: the journal in its table."""
    directory = tmp_path_factory.mktemp("config") / "config"
    where = {"GUARDIAN_JOURNAL": hub_output(cast, "Journal")}
    with installed(cast, slack_server, directory) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUARDIAN_JOURNAL", where["GUARDIAN_JOURNAL"])
        yield replace(made, environment={**made.environment, **where})


def hub_output(cast: Cast, name: str) -> str:
    """An output of the hub's stack."""
    (stack,) = cast.estate.client("cloudformation", HOME).describe_stacks(
        StackName="guardian-hub"
    )["Stacks"]
    return next(str(each["OutputValue"]) for each in stack["Outputs"] if each["OutputKey"] == name)


@pytest.fixture(scope="module")
def life(installation: Installation) -> Life:
    """A full life: people work, guardian stops, sweeps, mends, moves and takes away."""
    forget_calls(installation.cast.aws)
    policies = [people_work_and_all_is_stopped(installation, kinds) for kinds in HALVES]
    break_and_mend(installation)
    change_and_move(installation)
    look_for_drift(installation)
    read_policies_in_the_bucket(installation)
    for command in ("status", "doctor", "prices refresh", "costs", "organization --regions"):
        assert installation.run(*command.split()).code == 0
    return Life(calls(installation.cast.aws), policies)


@pytest.fixture(scope="module")
def made(life: Life) -> list[dict[str, Any]]:
    return life.made


def open_everything(installation: Installation, who: str, kinds: Iterable[str]) -> set[str]:
    at = At(installation.cast.person(who, who), installation.cast.aws)

    def start(key: str) -> set[str]:
        if key == "ec2-instance":  # one call for several: their machine starts one for each
            return set(launch(at, {}, 2))
        LIVES[key].prepare(at)
        return {LIVES[key].start(at, f"{who}s-{key}", {})}

    with ThreadPoolExecutor(4) as pool:
        return set().union(*pool.map(start, kinds))


def deafen(installation: Installation, who: str) -> list[str]:
    """Disable the rules by which events start machines in somebody's account; answers their names."""
    events = installation.cast.person(who, who).client("events")
    rules = [rule["Name"] for rule in events.list_rules(NamePrefix="guardian-sandbox-")["Rules"]]
    starting = [rule for rule in rules if any(f"-{key}" in rule for key in KINDS)]
    for rule in starting:
        events.disable_rule(Name=rule)
    return starting


def stopped(outcomes: Iterable[Outcome], by: By) -> set[str]:
    return {o.id for o in outcomes if o.result is Result.STOPPED and o.by is by}


def people_work_and_all_is_stopped(installation: Installation, kinds: Sequence[str]) -> Policy:
    """What ana opens is announced by events, what ben opens is not. Answers the policy."""
    installation.write(sandbox=policy_for(kinds))
    assert installation.apply().failed == ()
    assert deafen(installation, "ben")
    opened = {
        By.EVENT: open_everything(installation, "ana", kinds),
        By.SWEEP: open_everything(installation, "ben", kinds),
    }
    guardian = installation.open()
    governance = guardian.world().governance
    ben = installation.cast.accounts["ben"]
    places = [p for p in governed_places(governance) if p.target.account == ben]
    keep_for_a_moment(guardian, places, opened[By.SWEEP])

    def over() -> bool:
        search = guardian.search()
        sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        installation.collect()
        outcomes = installation.outcomes()
        return all(stopped(outcomes, by) >= identifiers for by, identifiers in opened.items())

    assert eventually(over, within=120)
    (sandbox,) = (policy for policy in governance.policies if policy.slug == "sandbox")
    return sandbox


def keep_for_a_moment(guardian: Guardian, places: Iterable[Place], identifiers: set[str]) -> None:
    """Somebody keeps these alive, and changes their mind."""
    members, until = guardian.aws.members, guardian.now() + timedelta(minutes=1)
    for place in places:
        for candidate in members.candidates(place.rule.kind, place.target):
            if candidate.id in identifiers:
                members.keep(place.rule.kind, place.target, candidate.id, until)


def break_and_mend(installation: Installation) -> None:
    ana = installation.cast.person("ana", "ana")
    ana.disable_rule("guardian-sandbox-glue-session")
    ana.delete_rule("guardian-sandbox-emr-cluster")
    ana.defuse_machine("guardian-sandbox-glue-session")
    arn = f"arn:aws:states:{HOME}:{ana.account}:stateMachine:guardian-sandbox-emr-cluster"
    ana.client("stepfunctions").delete_state_machine(stateMachineArn=arn)
    applied = installation.apply()
    assert len(applied.done) >= BROKEN
    assert applied.failed == ()
    assert installation.plan().changes == ()


def change_and_move(installation: Installation) -> None:
    installation.write(sandbox=policy_for(HALVES[-1], "45s"))
    installation.cast.move("ben", SANDBOX, RESEARCH)
    assert installation.apply().failed == ()
    installation.write(research="")
    assert installation.apply().failed == ()


def look_for_drift(installation: Installation) -> None:
    """As the daemon does once a day."""
    guardian = installation.open()
    world = guardian.world()
    fleet = guardian.fleet(world.organization)
    wanted = desire(world.governance, world.organization, fleet.hub, fleet.home)
    ready = tuple(settled(fleet.stack_sets.observe(), wanted))
    assert ready
    detect_once(guardian.aws.detection, ready, guardian.journal, guardian.now())


def read_policies_in_the_bucket(installation: Installation) -> None:
    place = hub_output(installation.cast, "TemplatesPlace").removesuffix("/guardian")
    installation.cast.estate.client("s3", HOME).put_object(
        Bucket=place.removeprefix("s3://"), Key="policies/sandbox.yaml", Body=policy_for(HALVES[0])
    )
    shown = installation.run("policies", GUARDIAN_POLICIES=f"{place}/policies")
    assert shown.code == 0, shown.err


@pytest.fixture(scope="module")
def roles(life: Life, installation: Installation) -> Mapping[str, Grants]:
    """What each role may do, out of the templates that were rolled out."""
    guardian = installation.open()
    hub = guardian.fleet(guardian.world().organization).hub
    found = {HUB: hub_grants(), MEMBER: roles_in(access_template(life.policies, hub))[MEMBER]}
    for policy in life.policies:
        found |= roles_in(template(policy, hub))
    return found


ROLES = [HUB, MEMBER, *MACHINES.values()]


@pytest.mark.parametrize("role", ROLES)
def test_every_call_is_allowed_by_its_role(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    needed = needed_by(role, made)
    assert needed
    assert denied(roles[role], needed) == set()


@pytest.mark.parametrize("role", ROLES[1:])
def test_no_role_in_an_account_may_do_what_guardian_never_does(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    assert roles[role] - needed_by(role, made) == set()


def test_guardians_own_role_may_do_what_it_does_and_what_is_excused(
    made: list[dict[str, Any]], roles: Mapping[str, Grants]
) -> None:
    assert roles[HUB] - needed_by(HUB, made) == set(NOT_CALLED_HERE)


@pytest.mark.parametrize("role", ROLES)
def test_an_action_taken_out_of_a_role_is_missed(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    needed = needed_by(role, made)
    for action in roles[role] & needed:
        assert denied(roles[role] - {action}, needed) == {action}


def test_nobody_else_calls_for_guardian(made: list[dict[str, Any]]) -> None:
    callers = {call["principal"].rpartition("/")[2] for call in made}
    assert {name for name in callers if "guardian" in name} == set(ROLES)


def test_every_kind_was_stopped_by_both_ways(
    made: list[dict[str, Any]], installation: Installation
) -> None:
    assert made
    both = {(o.kind, o.by) for o in installation.outcomes() if o.result is Result.STOPPED}
    assert both == {(kind, by) for kind in KINDS for by in By}
