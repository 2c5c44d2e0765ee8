"""What is checked about member accounts: who is governed, what is rolled out, who lets guardian in, what is logged."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from guardian.desire import WantedStackSet
from guardian.digest.words import counted
from guardian.doctor import Check, Finding, Status, failed, ok, warning
from guardian.doctor.here import POLICIES
from guardian.doctor.hub import ORGANIZATION, STACK_SETS
from guardian.doctor.patient import AT_ONCE, Patient
from guardian.doctor.sample import named
from guardian.errors import GuardianError, InputError
from guardian.ids import AccountId, Region, Target
from guardian.plan import DeployedStackSet, InstanceStatus
from guardian.policy.model import Policy
from guardian.stack.names import ACCESS

GOVERNED, REGIONS, ROLLOUT, ROLE, TRAILS = (
    "governed",
    "regions",
    "rollout",
    "member role",
    "trails",
)
ROLL_OUT = "guardian plan shows what is to be done, guardian apply does it"
A_TRAIL = (
    "aws cloudtrail create-trail --name organization --is-organization-trail --is-multi-region-trail"
    " --s3-bucket-name BUCKET && aws cloudtrail start-logging --name organization"
)


def checks(patient: Patient) -> tuple[Check, ...]:
    return (
        Check(GOVERNED, partial(_governed, patient), (POLICIES, ORGANIZATION)),
        Check(REGIONS, partial(_regions, patient), (GOVERNED,)),
        Check(ROLLOUT, partial(_rollout, patient), (GOVERNED, STACK_SETS)),
        Check(ROLE, partial(_role, patient), (ROLLOUT,)),
        Check(TRAILS, partial(_trails, patient), (ROLLOUT,)),
    )


def _governed(patient: Patient) -> Iterator[Finding]:
    try:
        governance = patient.world.governance
    except InputError as error:
        for problem in error.problems:
            yield failed(problem, "correct it; guardian validate says when it is right")
        return
    for found in governance.warnings:
        yield warning(str(found), "guardian validate --strict says when there is none left")
    count = len(governance.policy_of)
    if not count:
        fix = "write a policy for an OU that has accounts: docs/how-to/write-a-policy.md"
        yield warning("no account is governed by any policy", fix, ends=True)
    elif not governance.warnings:
        by = len(set(governance.policy_of.values()))
        yield ok(f"{counted(count, 'account')} by {by:,} {'policy' if by == 1 else 'policies'}")


def _regions(patient: Patient) -> Iterator[Finding]:
    governance = patient.world.governance
    lacking: defaultdict[Region, list[AccountId]] = defaultdict(list)
    for skip in patient.desired.skips:
        if skip.region is not None:
            lacking[skip.region].append(skip.account)
    for region, accounts in sorted(lacking.items()):
        yield warning(
            f"{region}, which a policy names, is not enabled in {named(accounts)}",
            f"aws account enable-region --region-name {region} --account-id {min(accounts)}, or take it"
            " out of the policy's regions",
        )
    if patient.world.unasked:
        fix = (
            "aws organizations enable-aws-service-access --service-principal account.amazonaws.com,"
            " as the management account; the role needs account:ListRegions"
        )
        yield warning(str(patient.world.unasked), fix)
    elif not lacking:
        regions = {region for found in governance.regions.values() for region in found}
        yield ok(f"{counted(len(regions), 'region')}, enabled wherever policies name them")


def _rollout(patient: Patient) -> Iterator[Finding]:
    deployed = patient.deployed
    if not deployed:
        yield warning("nothing is rolled out yet", ROLL_OUT, ends=True)
        return
    found = [
        finding
        for wanted in patient.desired.stack_sets
        for finding in _of_stack_set(wanted, deployed.get(wanted.name))
    ]
    yield from found
    if ACCESS not in deployed:
        yield warning("no account has the member role yet", ROLL_OUT, ends=True)
    elif not found:
        stacks = sum(len(each.instances) for each in deployed.values())
        yield ok(
            f"{len(deployed):,} stack sets and {stacks:,} stacks are of this guardian's templates"
        )


def _of_stack_set(wanted: WantedStackSet, found: DeployedStackSet | None) -> Iterator[Finding]:
    if found is None:
        yield warning(f"{wanted.name} is not there", ROLL_OUT)
        return
    if found.fingerprint != wanted.fingerprint:
        yield warning(
            f"{wanted.name} has the template {found.fingerprint}, of other policies or another"
            f" guardian: here it is {wanted.fingerprint}",
            ROLL_OUT,
        )
    current = {i.target for i in found.instances if i.status is InstanceStatus.CURRENT}
    if missing := wanted.targets - current:
        said = (
            f"{wanted.name} is not current in {len(missing):,} of {len(wanted.targets):,} places"
        )
        yield warning(f"{said}: {named(t.account for t in missing)}", ROLL_OUT)


def _role(patient: Patient) -> Iterator[Finding]:
    role = patient.settings.member_role
    refused = {account: error for account, error in patient.visits.items() if error}
    for account, error in sorted(refused.items()):
        yield failed(
            f"{account}: {role} cannot be assumed: {error}",
            f"guardian apply, if the role is gone; it trusts {patient.settings.hub.role} of"
            f" {patient.settings.hub.account} alone, and only of this organization",
        )
    if not refused:
        yield ok(f"{role} lets guardian into {len(patient.visits):,} sampled accounts")


def _trails(patient: Patient) -> Iterator[Finding]:
    places = tuple(_places(patient))
    if not places:
        yield Finding(Status.NOT_CHECKED, "guardian gets into none of the sampled accounts")
        return
    trails = patient.guardian.aws.trails

    def look(place: tuple[Target, frozenset[str]]) -> str | GuardianError:
        try:
            return trails.unlogged(*place)
        except GuardianError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE, "doctor") as pool:
        told = dict(zip((target for target, _ in places), pool.map(look, places), strict=True))
    unlogged = {target: why for target, why in told.items() if why}
    yield from _unlogged(unlogged)
    if not unlogged:
        yield ok(f"management events are logged in all {len(told):,} sampled accounts and regions")


def _unlogged(found: Mapping[Target, str | GuardianError]) -> Iterator[Finding]:
    """One for each reason: it is mostly the same everywhere."""
    places: defaultdict[str, list[Target]] = defaultdict(list)
    for target, why in found.items():
        if isinstance(why, GuardianError):
            yield warning(f"{target}: cannot be looked at: {why}", ROLL_OUT)
        else:
            places[why].append(target)
    for why, targets in sorted(places.items()):
        where = f"{min(targets)}" + (f" and {len(targets) - 1:,} more" if targets[1:] else "")
        yield failed(f"{where}: {why}: only the sweep stops anything", A_TRAIL)


def _places(patient: Patient) -> Iterator[tuple[Target, frozenset[str]]]:
    governance = patient.world.governance
    policies = {policy.slug: policy for policy in governance.policies}
    for account, error in patient.visits.items():
        if error is None:
            for region in governance.regions[account]:
                yield Target(account, region), _sources(policies[governance.policy_of[account]])


def _sources(policy: Policy) -> frozenset[str]:
    """The services whose calls the policy's rules wait for."""
    starts = (start for rule in policy.rules for start in rule.kind.starts)
    return frozenset(start.event_source for start in starts if start.event_source)
