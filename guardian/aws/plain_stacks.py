"""Single CloudFormation stacks of guardian's: seen, made, changed and deleted, each waited for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.aws.clients import Answer, Clients
from guardian.aws.operations import SLOWER, SLOWEST, Wait
from guardian.aws.options import AwsOptions
from guardian.aws.regions import partition_of
from guardian.aws.stack_sets import CAPABILITIES, MANAGED_BY, OWNER
from guardian.errors import Busy, NotFound, Refused
from guardian.ids import Region, Target

GONE = ("does not exist",)
NO_UPDATES = "No updates are to be performed"
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
USABLE = DONE | {
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
UNDER_WAY = "_IN_PROGRESS"
BEGINS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
CANCELLED = "Resource creation cancelled"
SERVICE_ROLE = "-stacks"
"""What the name of the role that CloudFormation acts in has after that of guardian's own."""


@dataclass(frozen=True)
class PlainStack:
    """A stack of ours. `reason` says what went wrong last, `operation` is the token of the last change."""

    name: str
    target: Target
    status: str
    tags: Mapping[str, str]
    created: datetime
    updated: datetime | None
    reason: str = ""
    operation: str = ""

    @property
    def busy(self) -> bool:
        return self.status.endswith(UNDER_WAY)

    @property
    def broken(self) -> bool:
        """Whether CloudFormation can do nothing with it but delete it."""
        return not self.busy and self.status not in USABLE


class PlainStacks:
    """The stacks of accounts that the clients can enter. CloudFormation acts in a role of its own there."""

    def __init__(self, clients: Clients, options: AwsOptions, wait: Wait) -> None:
        self._clients = clients
        self._options = options
        self._wait = wait

    def regions(self, home: Target) -> tuple[Region, ...]:
        """The regions that the account has enabled."""
        pages = self._clients.pages(
            home,
            "account",
            "ListRegions",
            RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"],
            MaxResults=50,
        )
        return tuple(Region(found["RegionName"]) for page in pages for found in page["Regions"])

    def ours(self, target: Target) -> tuple[PlainStack, ...]:
        """Those whose name and tag say that guardian made them."""
        pages = self._clients.pages(target, "cloudformation", "DescribeStacks")
        found = [stack for page in pages for stack in page["Stacks"] if self._is_ours(stack)]
        return tuple(self._seen(target, stack) for stack in found)

    def bring(
        self, target: Target, name: str, content: Mapping[str, object], key: str, *, new: bool
    ) -> str:
        """Begin to make or change a stack; answer its id, "" where nothing is to be done. `new`: it may be made.

        Raises Refused for a stack of that name that somebody else made.
        """
        there = self._there(target, name)
        if there is None and not new:
            return ""
        asked = {
            **content,
            "StackName": name,
            "Capabilities": CAPABILITIES,
            "ClientRequestToken": key,
            "RoleARN": self._role(target),
        }
        action = "UpdateStack" if there else "CreateStack"
        try:
            answer = self._clients.call(target, "cloudformation", action, **asked)
        except Refused as error:
            if NO_UPDATES in str(error):
                return ""
            raise
        return str(answer["StackId"])

    def delete(self, target: Target, name: str, key: str) -> str:
        """Begin to delete a stack; answer its id, "" where there is none."""
        there = self._there(target, name)
        if there is None:
            return ""
        # By id: who deletes by name deletes whatever has it by then.
        identifier = str(there["StackId"])
        self._clients.call(
            target,
            "cloudformation",
            "DeleteStack",
            StackName=identifier,
            ClientRequestToken=key,
            RoleARN=self._role(target),
        )
        return identifier

    def follow(self, target: Target, identifier: str) -> str:
        """Wait for the end of what was begun; answer why it failed, "" where it did not.

        Raises Busy when it is still under way at the end of patience.
        """
        pause, waited = self._options.poll, timedelta()
        while True:
            try:
                stack = self._described(target, identifier)
            except NotFound:
                return ""
            status = str(stack["StackStatus"])
            if not status.endswith(UNDER_WAY):
                return "" if status in DONE else self._last(target, stack)[0]
            if waited >= self._options.patience or self._wait(pause.total_seconds()):
                raise Busy(f"{stack['StackName']} in {target} is still {status}")
            waited += pause
            pause = min(pause * SLOWER, self._options.poll * SLOWEST)

    def _there(self, target: Target, name: str) -> Answer | None:
        """Our stack of that name, None where there is none. Raises Refused for somebody else's."""
        try:
            stack = self._described(target, name)
        except NotFound:
            return None
        if not self._is_ours(stack):
            raise Refused(f"{target} has a stack {name} that guardian did not make")
        return stack

    def _described(self, target: Target, name: str) -> Answer:
        answer = self._clients.call(
            target, "cloudformation", "DescribeStacks", GONE, StackName=name
        )
        found: Answer = answer["Stacks"][0]
        return found

    def _is_ours(self, stack: Answer) -> bool:
        named = str(stack["StackName"]).startswith(f"{self._options.prefix}-")
        return named and tags_of(stack).get(MANAGED_BY) == OWNER

    def _seen(self, target: Target, stack: Answer) -> PlainStack:
        reason, operation = self._last(target, stack)
        return PlainStack(
            name=stack["StackName"],
            target=target,
            status=stack["StackStatus"],
            tags=tags_of(stack),
            created=stack["CreationTime"],
            updated=stack.get("LastUpdatedTime"),
            reason=reason,
            operation=operation,
        )

    def _last(self, target: Target, stack: Answer) -> tuple[str, str]:
        """What went wrong in the last change of a stack, and that change's token."""
        events = list(self._last_events(target, stack))
        # The newest come first: what failed first is why the rest did.
        failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
        why = [e for e in failed if CANCELLED not in e.get("ResourceStatusReason", "")]
        reason = f"{stack['StackStatus']}: {stack.get('StackStatusReason', 'AWS gives no reason')}"
        if why:
            said = why[-1].get("ResourceStatusReason", "AWS gives no reason")
            reason = f"{stack['StackStatus']}: {why[-1]['LogicalResourceId']}: {said}"
        token = events[0].get("ClientRequestToken", "") if events else ""
        return reason, token

    def _last_events(self, target: Target, stack: Answer) -> Iterator[Answer]:
        pages = self._clients.pages(
            target, "cloudformation", "DescribeStackEvents", StackName=stack["StackId"]
        )
        for page in pages:
            for event in page["StackEvents"]:
                yield event
                whole = event.get("PhysicalResourceId") == stack["StackId"]
                if whole and event["ResourceStatus"] in BEGINS:
                    return

    def _role(self, target: Target) -> str:
        partition = partition_of(self._options.home_region)
        name = f"{self._options.management_role}{SERVICE_ROLE}"
        return f"arn:{partition}:iam::{target.account}:role/{name}"


def tags_of(described: Answer) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}
