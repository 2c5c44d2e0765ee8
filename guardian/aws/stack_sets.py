"""Guardian's own stack sets: service-managed, never deployed by AWS on its own, known by their tags."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from guardian.aws.batches import Batch, batches
from guardian.aws.clients import Answer, Clients
from guardian.aws.drift import DETECT
from guardian.aws.operations import Operation, Operations, Wait
from guardian.aws.options import AwsOptions
from guardian.aws.template_objects import TemplateObjects
from guardian.desire import WantedStackSet
from guardian.errors import NotFound
from guardian.ids import AccountId, OuId, Region, Target
from guardian.plan import (
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Purpose,
    operation_name,
)
from guardian.ports import Progress

MANAGED_BY = "guardian:managed-by"
FINGERPRINT = "guardian:fingerprint"
STOPS = "guardian:stops"
ROLLOUT = "guardian:rollout"
OWNER = "guardian"
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
UNFINISHED = frozenset({"RUNNING", "STOPPING", "QUEUED"})
SUSPENDED = "SKIPPED_SUSPENDED_ACCOUNT"

_Part = tuple[Batch, Mapping[str, object]]
"""What one operation covers, and the arguments that only it has."""


class AwsStackSets:
    """CloudFormation's StackSets, in the hub's account and home region."""

    def __init__(self, clients: Clients, options: AwsOptions, wait: Wait) -> None:
        self._clients = clients
        self._options = options
        self._operations = Operations(clients, options, wait)
        self._templates = TemplateObjects(clients, options.templates)

    def observe(self) -> tuple[DeployedStackSet, ...]:
        """Every stack set whose tag says that guardian made it. Strangers' are never looked into further."""
        found = self._items("ListStackSets", "Summaries", Status="ACTIVE")
        names = [s["StackSetName"] for s in found if self._named_ours(s["StackSetName"])]
        seen = (self._observed(name) for name in sorted(names))
        return tuple(stack_set for stack_set in seen if stack_set is not None)

    def _observed(self, name: str) -> DeployedStackSet | None:
        """A stack set as it is; None where it is not ours, or gone since it was listed."""
        try:
            described = self._described(name)
            tags = _tags(described)
            if tags.get(MANAGED_BY) != OWNER:
                return None
            # In this order: one that ends in between has left no instance behind that looks as if it needed another.
            operations, instances = self._latest(name), self._instances(name)
        except NotFound:
            return None
        self._operations.came_last(name, operations[0]["OperationId"] if operations else "")
        return DeployedStackSet(
            name,
            tags.get(FINGERPRINT, ""),
            instances,
            busy=_running(operations),
            stops=tags.get(STOPS) == "yes",
            changed=next(
                (o["CreationTimestamp"] for o in operations if o["Action"] != DETECT), None
            ),
            updated=_ended(operations, "UPDATE"),
            created=_ended(operations, "CREATE"),
            template=described.get("TemplateBody", ""),
            rollout=tags.get(ROLLOUT, ""),
        )

    def create(self, wanted: WantedStackSet) -> None:
        """Make the stack set, still without instances. Raises InputError for a template that AWS would not take."""
        self._call(
            "CreateStackSet",
            StackSetName=wanted.name,
            PermissionModel="SERVICE_MANAGED",
            # The plan says where stacks go. AWS would put one into every account of an OU and of the OUs below it,
            # which other policies govern, and with operation preferences of its own.
            AutoDeployment={"Enabled": False},
            **self._content(wanted, self._new_rollout(wanted)),
        )
        self._operations.came_last(wanted.name, "")

    def update(self, wanted: WantedStackSet, progress: Progress) -> Mapping[Target, str]:
        """Bring the stack set and all its instances to the wanted template; answer what failed, by target.

        Raises InputError for a template that AWS would not take.
        """
        rollout = self._rollout(wanted)
        operation = Operation(
            "UpdateStackSet",
            wanted.name,
            self._content(wanted, rollout),
            purpose=operation_name(Purpose.UPDATE, rollout),
        )
        return self._operations.run(operation, _counting(progress, 0, len(wanted.targets)))

    def update_some(
        self,
        wanted: WantedStackSet,
        targets: Iterable[Target],
        purpose: Purpose,
        progress: Progress,
    ) -> Mapping[Target, str]:
        """Bring some instances to the stack set's template, for a wave the wanted one; answer what failed, by target.

        By the root, as `withdraw`. Raises InputError for a template that AWS would not take.
        """
        # A call that names a template makes all other instances outdated, even if it is the one they have.
        before = {"UsePreviousTemplate": True, "Capabilities": CAPABILITIES}
        tags, root = self._tags(wanted.name), self._root()
        found = batches(targets, defaultdict(lambda: root))
        parts: list[_Part] = [(batch, before) for batch in found]
        rollout = tags.get(ROLLOUT, "")
        if purpose is Purpose.WAVE and tags.get(FINGERPRINT) != wanted.fingerprint:
            rollout = self._new_rollout(wanted)
            parts[0] = (parts[0][0], self._content(wanted, rollout))
        name = operation_name(purpose, rollout)
        return self._run("UpdateStackSet", wanted.name, parts, progress, name)

    def deploy(
        self, wanted: WantedStackSet, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        """Put stack instances into targets; answer what failed, by target."""
        parts: list[_Part] = [(batch, {}) for batch in batches(targets, wanted.ou_of)]
        purpose = operation_name(Purpose.CREATE, self._tags(wanted.name).get(ROLLOUT, ""))
        return self._run("CreateStackInstances", wanted.name, parts, progress, purpose)

    def withdraw(
        self, name: str, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        """Delete stack instances and their stacks; answer what failed, by target.

        By the root, for an account may have left the OU it was deployed through, and that OU may be gone. Where AWS
        cannot reach the stack (inoperable, account suspended) the instance goes and the stack stays.
        """
        asked = frozenset(targets)
        found = [i for i in self._instances(name) if i.target in asked]
        root = self._root()
        parts: list[_Part] = [
            (batch, {"RetainStacks": retain})
            for retain in (False, True)
            for batch in batches(
                (i.target for i in found if _unreachable(i) is retain),
                defaultdict(lambda: root),
            )
        ]
        return self._run("DeleteStackInstances", name, parts, progress)

    def delete(self, name: str) -> None:
        """Delete an empty stack set."""
        self._call("DeleteStackSet", StackSetName=name)

    def _run(
        self,
        action: str,
        name: str,
        parts: list[_Part],
        progress: Progress,
        purpose: str = "",
    ) -> Mapping[Target, str]:
        total, before = sum(len(batch.targets) for batch, _ in parts), 0
        failed: dict[Target, str] = {}
        for batch, more in parts:
            asked = batch.targets
            arguments = {**batch.arguments(), **more}
            operation = Operation(action, name, arguments, asked, purpose)
            failed |= self._operations.run(operation, _counting(progress, before, total))
            before += len(asked)
        return failed

    def _content(self, wanted: WantedStackSet, rollout: str) -> dict[str, object]:
        return {
            "Description": wanted.description,
            **self._templates.argument(wanted),
            "Capabilities": CAPABILITIES,
            "Tags": [
                {"Key": MANAGED_BY, "Value": OWNER},
                {"Key": FINGERPRINT, "Value": wanted.fingerprint},
                {"Key": STOPS, "Value": "yes" if wanted.stops else "no"},
                *([{"Key": ROLLOUT, "Value": rollout}] if rollout else []),
            ],
        }

    def _named_ours(self, name: str) -> bool:
        return name == self._options.prefix or name.startswith(f"{self._options.prefix}-")

    def _rollout(self, wanted: WantedStackSet) -> str:
        """The rollout that an update of all instances belongs to; another tag would touch what has the template."""
        tags = self._tags(wanted.name)
        again = tags.get(FINGERPRINT) == wanted.fingerprint
        return tags.get(ROLLOUT, "") if again else wanted.rollout or self._new_rollout(wanted)

    def _new_rollout(self, wanted: WantedStackSet) -> str:
        return self._operations.token(wanted.name, wanted.fingerprint).hex[:12]

    def _tags(self, name: str) -> Mapping[str, str]:
        return _tags(self._described(name))

    def _described(self, name: str) -> Answer:
        found: Answer = self._call("DescribeStackSet", StackSetName=name)["StackSet"]
        return found

    def _instances(self, name: str) -> tuple[DeployedInstance, ...]:
        found = self._items("ListStackInstances", "Summaries", StackSetName=name, MaxResults=100)
        return tuple(_instance(summary) for summary in found)

    def _latest(self, name: str) -> list[Answer]:
        """Its last operations, the newest first: one page tells what runs and what was last."""
        listed = self._call("ListStackSetOperations", StackSetName=name, MaxResults=100)
        return list(listed["Summaries"])

    def _root(self) -> OuId:
        listed = self._clients.call(self._clients.hub, "organizations", "ListRoots")
        return OuId(listed["Roots"][0]["Id"])

    def _items(self, action: str, items: str, **arguments: object) -> Iterator[Answer]:
        hub, call_as = self._clients.hub, self._options.call_as
        for page in self._clients.pages(
            hub, "cloudformation", action, CallAs=call_as, **arguments
        ):
            yield from page[items]

    def _call(self, action: str, **arguments: object) -> Answer:
        hub, call_as = self._clients.hub, self._options.call_as
        return self._clients.call(hub, "cloudformation", action, CallAs=call_as, **arguments)


def _tags(described: Answer) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}


def _running(operations: Iterable[Answer]) -> str:
    running = (o for o in operations if o["Status"] in UNFINISHED)
    return next((f"{o['Action']} {o['OperationId']}" for o in running), "")


def _ended(operations: Iterable[Answer], action: str) -> datetime | None:
    """When the last such operation came to its end."""
    ends = [o["EndTimestamp"] for o in operations if o["Action"] == action and "EndTimestamp" in o]
    return max(ends, default=None)


def _instance(summary: Answer) -> DeployedInstance:
    return DeployedInstance(
        target=Target(AccountId(summary["Account"]), Region(summary["Region"])),
        status=InstanceStatus(summary["Status"]),
        reason=summary.get("StatusReason", ""),
        detailed=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        ou=summary.get("OrganizationalUnitId", ""),
        operation=summary.get("LastOperationId", ""),
    )


def _unreachable(instance: DeployedInstance) -> bool:
    return instance.status is InstanceStatus.INOPERABLE or instance.detailed == SUSPENDED


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
