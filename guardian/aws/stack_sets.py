"""Guardian's own stack sets: service-managed, never deployed by AWS on its own, known by their tags."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from guardian.aws.batches import Batch, batches
from guardian.aws.clients import Answer, Clients
from guardian.aws.operations import Operation, Operations, Wait
from guardian.aws.options import AwsOptions
from guardian.desire import WantedStackSet
from guardian.errors import NotFound, Refused
from guardian.ids import AccountId, OuId, Region, Target
from guardian.plan import DeployedInstance, DeployedStackSet, InstanceStatus
from guardian.ports import Progress

MANAGED_BY = "guardian:managed-by"
FINGERPRINT = "guardian:fingerprint"
OWNER = "guardian"
MAX_TEMPLATE = 51_200
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

    def observe(self) -> tuple[DeployedStackSet, ...]:
        """Every stack set whose tag says that guardian made it. Strangers' are never looked into further."""
        found = self._items("ListStackSets", "Summaries", Status="ACTIVE")
        names = [s["StackSetName"] for s in found if self._named_ours(s["StackSetName"])]
        seen = (self._observed(name) for name in sorted(names))
        return tuple(stack_set for stack_set in seen if stack_set is not None)

    def _observed(self, name: str) -> DeployedStackSet | None:
        """A stack set as it is; None where it is not ours, or gone since it was listed."""
        try:
            tags = self._tags(name)
            if tags.get(MANAGED_BY) != OWNER:
                return None
            instances, busy = self._instances(name), self._running(name)
        except NotFound:
            return None
        return DeployedStackSet(name, tags.get(FINGERPRINT, ""), instances, busy)

    def create(self, wanted: WantedStackSet) -> None:
        """Make the stack set, still without instances."""
        self._call(
            "CreateStackSet",
            StackSetName=wanted.name,
            PermissionModel="SERVICE_MANAGED",
            # The plan says where stacks go. AWS would put one into every account of an OU and of the OUs below it,
            # which other policies govern, and with operation preferences of its own.
            AutoDeployment={"Enabled": False},
            **_content(wanted),
        )

    def update(self, wanted: WantedStackSet, progress: Progress) -> Mapping[Target, str]:
        """Bring the stack set and all its instances to the wanted template; answer what failed, by target."""
        operation = Operation("UpdateStackSet", wanted.name, _content(wanted))
        return self._operations.run(operation, _counting(progress, 0, len(wanted.targets)))

    def deploy(
        self, wanted: WantedStackSet, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        """Put stack instances into targets; answer what failed, by target."""
        parts: list[_Part] = [(batch, {}) for batch in batches(targets, wanted.ou_of)]
        return self._run("CreateStackInstances", wanted.name, parts, progress)

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
        self, action: str, name: str, parts: list[_Part], progress: Progress
    ) -> Mapping[Target, str]:
        total, before = sum(len(batch.targets) for batch, _ in parts), 0
        failed: dict[Target, str] = {}
        for batch, more in parts:
            asked = batch.targets
            operation = Operation(action, name, {**batch.arguments(), **more}, asked)
            failed |= self._operations.run(operation, _counting(progress, before, total))
            before += len(asked)
        return failed

    def _named_ours(self, name: str) -> bool:
        return name == self._options.prefix or name.startswith(f"{self._options.prefix}-")

    def _tags(self, name: str) -> Mapping[str, str]:
        described = self._call("DescribeStackSet", StackSetName=name)["StackSet"]
        return {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}

    def _instances(self, name: str) -> tuple[DeployedInstance, ...]:
        found = self._items("ListStackInstances", "Summaries", StackSetName=name, MaxResults=100)
        return tuple(_instance(summary) for summary in found)

    def _running(self, name: str) -> str:
        """The operation that runs on it; the newest come first, so one page tells."""
        listed = self._call("ListStackSetOperations", StackSetName=name, MaxResults=20)
        running = (o for o in listed["Summaries"] if o["Status"] in UNFINISHED)
        return next((f"{o['Action']} {o['OperationId']}" for o in running), "")

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


def _content(wanted: WantedStackSet) -> dict[str, object]:
    size = len(wanted.template.encode())
    if size > MAX_TEMPLATE:
        raise Refused(
            f"{wanted.name}: its template has {size:,} bytes and AWS takes {MAX_TEMPLATE:,}: "
            "split the policy's kinds or exemptions over more than one OU"
        )
    return {
        "Description": wanted.description,
        "TemplateBody": wanted.template,
        "Capabilities": CAPABILITIES,
        "Tags": [
            {"Key": MANAGED_BY, "Value": OWNER},
            {"Key": FINGERPRINT, "Value": wanted.fingerprint},
        ],
    }


def _instance(summary: Answer) -> DeployedInstance:
    return DeployedInstance(
        target=Target(AccountId(summary["Account"]), Region(summary["Region"])),
        status=InstanceStatus(summary["Status"]),
        reason=summary.get("StatusReason", ""),
        detailed=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        ou=summary.get("OrganizationalUnitId", ""),
    )


def _unreachable(instance: DeployedInstance) -> bool:
    return instance.status is InstanceStatus.INOPERABLE or instance.detailed == SUSPENDED


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
