"""What has to be done, in which order, and who may. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from guardian.errors import InputError, Refused
from guardian.jobs.bootstrap.parameters import IMAGE
from guardian.ports.bootstrap import Caller, HubStack, StackChange

STACK = "guardian-hub"
STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
TRUST = "aws cloudformation activate-organizations-access"
USABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
)
PLACE = "PoliciesPlace"
"""The output that says where policies belong."""
HOLD_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::IAM::Role",
    }
)
"""What is lost, or locks guardian out, when another one takes its place."""


class Do(StrEnum):
    TRUST = "let StackSets into the organization"
    HUB = "make or update the hub's stack"
    UPLOAD = "upload the policies"
    DAEMON = "start the daemon"


@dataclass(frozen=True)
class Step:
    """One thing to do; `parameters` are for the steps that deploy the stack."""

    do: Do
    parameters: Mapping[str, str]


def check_caller(caller: Caller, *, trusted: bool) -> None:
    """Raises InputError, with the commands, for what only the management account can put right."""
    if not caller.complete:
        raise InputError(
            f"the organization {caller.organization} has not all features, which StackSets need; as the "
            f"management account {caller.management_account}: aws organizations enable-all-features"
        )
    lacking = []
    if not trusted and not caller.manages:
        lacking.append(TRUST)
    if not caller.delegated and not caller.manages:
        lacking.append(
            "aws organizations register-delegated-administrator "
            f"--account-id {caller.account} --service-principal {STACKSETS}"
        )
    if lacking:
        raise InputError(
            f"account {caller.account} may not administer StackSets; "
            f"as the management account {caller.management_account}:",
            *(f"  {command}" for command in lacking),
            "or run guardian bootstrap as the management account, to make the hub there",
        )


def check_stack(stack: HubStack | None) -> None:
    """Raises Refused for a stack that CloudFormation cannot change, with what to do about it."""
    if stack is None or stack.empty or stack.busy or stack.status in USABLE:
        return
    why = f"the stack {STACK} is {stack.status}: {stack.reason}"
    if stack.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        raise Refused(
            f"{why}\nput that right, and delete what is left of it; it holds nothing yet:\n"
            f"  aws cloudformation delete-stack --stack-name {STACK}"
        )
    raise Refused(
        f"{why}\nput that right, and let it roll back:\n"
        f"  aws cloudformation continue-update-rollback --stack-name {STACK}"
    )


def steps(made: Mapping[str, str], stack: HubStack | None, *, trusted: bool) -> tuple[Step, ...]:
    """In their order: a daemon that finds no policies would not start, so they are there before it."""
    first = () if trusted else (Step(Do.TRUST, {}),)
    upload = Step(Do.UPLOAD, {})
    if stack is not None and PLACE in stack.outputs:
        return (*first, upload, Step(Do.HUB, made))
    hub = Step(Do.HUB, {name: value for name, value in made.items() if name != IMAGE})
    if not made.get(IMAGE):
        return (*first, hub, upload)
    return (*first, hub, upload, Step(Do.DAEMON, made))


def check_changes(changes: Iterable[StackChange]) -> None:
    """Raises Refused for a change that would take data with it: that is for people to look at."""
    lost = [
        f"{change.name} ({change.type})"
        for change in changes
        if change.type in HOLD_DATA and (change.replaced or change.action == "Remove")
    ]
    if lost:
        raise Refused(
            f"the update would remove or replace {', '.join(lost)}; nothing was changed. "
            f"Look at it: aws cloudformation deploy --no-execute-changeset --stack-name {STACK} …"
        )
