"""What is checked in the hub: who guardian is, what time it is, StackSets, the bus and its queues."""

import json
import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from guardian.digest.words import counted
from guardian.doctor import Check, Finding, Status, failed, ok, warning
from guardian.doctor.documents import (
    lets_anybody_in,
    lets_eventbridge_in,
    lets_organization_in,
    selects,
)
from guardian.doctor.here import SETTINGS
from guardian.doctor.patient import Patient
from guardian.errors import AccessDenied, GuardianError, NotFound, Refused
from guardian.notice import DETAIL_TYPE as NOTICED
from guardian.outcome import DETAIL_TYPE as OUTCOME
from guardian.outcome import SOURCE
from guardian.policy.durations import spoken
from guardian.ports import BusRule, HubQueue
from guardian.settings import CallAs, Hub
from guardian.stack.names import partition_of

CLOCK, CREDENTIALS, ORGANIZATION = "clock", "credentials", "organization"
STACK_SETS, BUS, RULE = "stack sets", "bus", "rule"
QUEUE, QUEUE_POLICY, UNREADABLE = "queue", "queue policy", "unreadable"
BETTER, WORST = timedelta(seconds=30), timedelta(minutes=5)
"""How far off a clock may be: AWS refuses what was signed more than five minutes ago, or ahead."""
BACKLOG = 1000
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
OUTCOMES = "guardian-outcomes"
TYPES = [OUTCOME, NOTICED]


def checks(patient: Patient) -> tuple[Check, ...]:
    return (
        Check(CLOCK, partial(_clock, patient), (SETTINGS,)),
        Check(
            CREDENTIALS,
            partial(_credentials, patient),
            (SETTINGS,),
            fix="give guardian the credentials of the role of deploy/hub.yaml: a task or instance role,"
            " AWS_PROFILE, or AWS_ACCESS_KEY_ID and the rest",
        ),
        Check(
            ORGANIZATION,
            partial(_organization, patient),
            (CREDENTIALS,),
            fix="only the management account and delegated administrators may read it:"
            " run guardian in one of them, as the role of deploy/hub.yaml",
        ),
        Check(
            STACK_SETS,
            partial(_stack_sets, patient),
            (ORGANIZATION,),
            ("cloudformation:DescribeOrganizationsAccess",),
        ),
        Check(BUS, partial(_bus, patient), (ORGANIZATION,), ("events:DescribeEventBus",)),
        Check(QUEUE, partial(_queue, patient), (CREDENTIALS,), ("sqs:GetQueueAttributes",)),
        Check(QUEUE_POLICY, partial(_queue_policy, patient), (QUEUE,)),
        Check(
            RULE,
            partial(_rule, patient),
            (QUEUE,),
            ("events:ListRuleNamesByTarget", "events:DescribeRule"),
        ),
        Check(
            UNREADABLE,
            partial(_unreadable, patient),
            (QUEUE,),
            ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
        ),
    )


def _clock(patient: Patient) -> Iterator[Finding]:
    before = patient.clock()
    try:
        theirs = patient.guardian.aws.hub_parts.time()
    except GuardianError as error:
        yield Finding(Status.NOT_CHECKED, f"AWS did not say what time it is: {error}")
        return
    after = patient.clock()
    # AWS tells whole seconds, and some time between the question and the answer.
    early = max(before - theirs - timedelta(seconds=1), timedelta())
    late = max(theirs - after, timedelta())
    off = max(early, late)
    if off < BETTER:
        yield ok("goes with that of AWS")
        return
    said = f"is {spoken(timedelta(seconds=round(off.total_seconds())))} {'ahead of' if early else 'behind'} that of AWS"
    fix = "synchronize the machine's clock: timedatectl set-ntp true, or chronyc makestep"
    if off < WORST:
        yield warning(f"{said}: graces end that much off", fix)
    else:
        yield failed(f"{said}: AWS refuses what is signed with it", fix)


def _credentials(patient: Patient) -> Iterator[Finding]:
    identity, hub = patient.identity, patient.settings.hub
    partition = partition_of(patient.settings.home_region)
    role = f"arn:{partition}:iam::{hub.account}:role/{hub.role}"
    if identity.account != hub.account:
        yield failed(
            f"are {identity.arn}: of account {identity.account}, and hub.account is {hub.account}",
            f"use credentials of {role}, or write the right hub.account",
        )
    elif f"/{hub.role}" not in identity.arn:
        yield warning(
            f"are {identity.arn}, not the role {hub.role}: the daemon may be allowed less, and"
            " only that role is trusted in the accounts",
            f"aws sts assume-role --role-arn {role} --role-session-name doctor",
        )
    else:
        yield ok(f"are {identity.arn}")


def _organization(patient: Patient) -> Iterator[Finding]:
    found = patient.organization
    active = sum(account.active for account in found.accounts)
    yield ok(f"{found.id}: {active:,} active accounts in {len(found.ous):,} OUs")


def _stack_sets(patient: Patient) -> Iterator[Finding]:
    settings, organization = patient.settings, patient.organization
    at_home = settings.hub.account == organization.management_account
    delegated = settings.call_as is CallAs.DELEGATED_ADMIN
    if at_home == delegated:
        right = CallAs.SELF if at_home else CallAs.DELEGATED_ADMIN
        what = "is" if at_home else "is not"
        said = f"the hub {what} the management account, and call_as is {settings.call_as}"
        yield failed(said, f"call_as: {right}")
        return
    try:
        trusted = patient.guardian.aws.hub_parts.trusts_stack_sets()
    except (AccessDenied, Refused) as error:
        if not delegated:
            raise
        yield failed(
            f"the hub is no delegated administrator of StackSets, or may not ask: {error}",
            "aws organizations register-delegated-administrator"
            f" --account-id {settings.hub.account} --service-principal {PRINCIPAL}",
        )
        return
    if not trusted:
        yield failed(
            "the organization does not let StackSets in (trusted access): nothing can be rolled out",
            f"aws cloudformation activate-organizations-access --region {settings.home_region}",
        )
        return
    yield ok(f"may be administered from the hub, call_as {settings.call_as}")


def _bus(patient: Patient) -> Iterator[Finding]:
    hub, organization = patient.settings.hub, patient.organization.id
    try:
        policy = patient.guardian.aws.hub_parts.bus_policy(hub.bus)
    except NotFound:
        said = f"there is no event bus {hub.bus} in {hub.region} of {hub.account}"
        yield failed(said, f"{_deploy(organization)}; or write the right hub.bus")
        return
    if lets_anybody_in(policy):
        yield warning(
            f"{hub.bus} lets every account of AWS in: anybody can report what never happened",
            f"aws events remove-permission --event-bus-name {hub.bus} --statement-id ID"
            f" --region {hub.region}, of the statement without a condition",
        )
    elif lets_organization_in(policy, organization):
        yield ok(f"{hub.bus} takes reports of all accounts of {organization}")
        return
    else:
        said = f"{hub.bus} does not let {organization} in: what accounts report is lost"
        yield failed(said, _permission(patient))


def _permission(patient: Patient) -> str:
    hub = patient.settings.hub
    condition = {
        "Type": "StringEquals",
        "Key": "aws:PrincipalOrgID",
        "Value": patient.organization.id,
    }
    return (
        f"aws events put-permission --event-bus-name {hub.bus} --statement-id organization"
        f" --action events:PutEvents --principal '*' --condition {_quoted(condition)}"
        f" --region {hub.region}"
    )


def _queue(patient: Patient) -> Iterator[Finding]:
    url = patient.settings.hub.queue_url
    try:
        queue = patient.queue
    except NotFound:
        fix = f"{_deploy('ORGANIZATION')}; or write the right hub.queue_url"
        yield failed(f"there is no queue {url}", fix)
        return
    said = f"{counted(queue.messages, 'message')} in it"
    if queue.messages > BACKLOG:
        yield warning(said, "see whether guardian run is at work, and what it logs")
    else:
        yield ok(said)


def _queue_policy(patient: Patient) -> Iterator[Finding]:
    if lets_eventbridge_in(patient.queue.policy):
        yield ok("lets EventBridge send")
    else:
        fix = _sending(patient.settings.hub, patient.queue)
        yield failed("does not let EventBridge send: what accounts report is lost", fix)


def _sending(hub: Hub, queue: HubQueue) -> str:
    _, partition, *_ = queue.arn.split(":")
    rules = f"arn:{partition}:events:{hub.region}:{hub.account}:rule"
    ours = [f"{rules}/{hub.bus}/guardian-*", f"{rules}/guardian-*"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnLike": {"aws:SourceArn": ours}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return (
        f"aws sqs set-queue-attributes --queue-url {hub.queue_url}"
        f" --attributes {_quoted({'Policy': policy})}"
    )


def _rule(patient: Patient) -> Iterator[Finding]:
    hub, parts = patient.settings.hub, patient.guardian.aws.hub_parts
    queue = patient.queue.arn
    try:
        rules = parts.rules(hub.bus, queue)
    except NotFound:
        rules = ()
    lacking = {rule.name: selects(rule.pattern) for rule in rules}
    if whole := [rule for rule in rules if not lacking[rule.name] and rule.enabled]:
        yield ok(f"{whole[0].name} brings what reaches {hub.bus} to the queue")
        return
    disabled = [rule for rule in rules if not lacking[rule.name]]
    if disabled:
        where = f"--event-bus-name {hub.bus} --region {hub.region}"
        fix = f"aws events enable-rule --name {disabled[0].name} {where}"
        yield failed(f"{disabled[0].name} is disabled: no report reaches the queue", fix)
        return
    narrow = [rule for rule in rules if len(lacking[rule.name]) < len(TYPES)]
    yield _no_rule(hub, queue, narrow)


def _no_rule(hub: Hub, queue: str, rules: Sequence[BusRule]) -> Finding:
    name = rules[0].name if rules else OUTCOMES
    where = f"--event-bus-name {hub.bus} --region {hub.region}"
    pattern = {"source": [SOURCE], "detail-type": TYPES}
    fix = f"aws events put-rule --name {name} {where} --event-pattern {_quoted(pattern)}"
    if rules:
        return failed(f"{name} leaves out {' and '.join(selects(rules[0].pattern))}", fix)
    targets = f"aws events put-targets --rule {name} {where} --targets Id=queue,Arn={queue}"
    return failed(f"no rule of {hub.bus} has the queue as its target", f"{fix} && {targets}")


def _unreadable(patient: Patient) -> Iterator[Finding]:
    parts = patient.guardian.aws.hub_parts
    arn = patient.queue.unreadable
    if not arn:
        said = "the queue has no dead-letter queue: what cannot be read comes again for two weeks"
        yield warning(said, _deploy("ORGANIZATION"))
        return
    try:
        url, messages = parts.unreadable(arn)
    except NotFound:
        yield failed(f"there is no dead-letter queue {arn}", _deploy("ORGANIZATION"))
        return
    if messages:
        region = arn.split(":")[3]
        yield warning(
            f"{messages:,} messages that guardian could not read are in {url}",
            f"aws sqs receive-message --queue-url {url} --max-number-of-messages 10"
            f" --region {region}, read why, then aws sqs purge-queue",
        )
    else:
        yield ok("the dead-letter queue is empty")


def _deploy(organization: str) -> str:
    return (
        "aws cloudformation deploy --stack-name guardian-hub --template-file deploy/hub.yaml"
        f" --capabilities CAPABILITY_NAMED_IAM --parameter-overrides OrganizationId={organization}"
    )


def _quoted(document: object) -> str:
    return shlex.quote(json.dumps(document))
