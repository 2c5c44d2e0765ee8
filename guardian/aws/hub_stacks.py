"""The hub's stack: made and changed by change sets, and followed event by event."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from guardian.aws.clients import Answer, Clients
from guardian.aws.operations import Wait
from guardian.aws.stack_sets import CAPABILITIES, MANAGED_BY, OWNER
from guardian.errors import Busy, NotFound, Refused
from guardian.ports.bootstrap import HubStack, Proposal, StackChange, Told

GONE = ("does not exist",)
UNCHANGED = ("didn't contain changes", "No updates are to be performed")
UNDER_WAY = "_IN_PROGRESS"
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
CANCELLED = "Resource creation cancelled"
POLL = timedelta(seconds=3)
MOST_EVENTS = 500
"""Of one look: more than a hub's stack has in one change."""


class AwsHubStacks:
    """One stack in the account of guardian's own credentials. `wait` answers True to be let go."""

    def __init__(self, clients: Clients, name: str, wait: Wait) -> None:
        self._clients = clients
        self._name = name
        self._wait = wait

    def seen(self) -> HubStack | None:
        try:
            stack = self._stack()
        except NotFound:
            return None
        reason = self._reason(stack) if _failed(stack["StackStatus"]) else ""
        return _seen(stack, reason)

    def declared(self, template: str) -> frozenset[str]:
        answer = self._call("ValidateTemplate", TemplateBody=template)
        return frozenset(each["ParameterKey"] for each in answer["Parameters"])

    def propose(self, template: str, parameters: Mapping[str, str | None]) -> Proposal | None:
        there = self.seen()
        creates = there is None or there.empty
        made = self._call(
            "CreateChangeSet",
            StackName=self._name,
            ChangeSetName=f"guardian-{uuid.uuid4()}",
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateBody=template,
            Parameters=[_parameter(name, value) for name, value in sorted(parameters.items())],
            Capabilities=CAPABILITIES,
            Tags=[{"Key": MANAGED_BY, "Value": OWNER}],
            Description="guardian bootstrap",
        )
        proposal = Proposal(str(made["Id"]), creates, ())
        described = self._settled(proposal.id)
        if described["Status"] == "FAILED":
            self.abandon(proposal)
            said = str(described.get("StatusReason", "AWS gives no reason"))
            if any(words in said for words in UNCHANGED):
                return None
            raise Refused(f"{self._name}: the change set failed: {said}")
        return Proposal(proposal.id, creates, tuple(map(_change, described["Changes"])))

    def abandon(self, proposal: Proposal) -> None:
        self._call("DeleteChangeSet", ChangeSetName=proposal.id)
        there = self.seen()
        if proposal.creates and there is not None and there.empty:
            self._call("DeleteStack", StackName=self._name)

    def carry_out(self, proposal: Proposal, told: Told) -> HubStack:
        before = {str(event["EventId"]) for event in self._events()}
        self._call("ExecuteChangeSet", ChangeSetName=proposal.id)
        return self._followed(before, told)

    def follow(self, told: Told) -> HubStack:
        return self._followed({str(event["EventId"]) for event in self._events()}, told)

    def _followed(self, known: set[str], told: Told) -> HubStack:
        while True:
            stack = self._stack()
            for event in reversed(list(self._events())):
                if event["EventId"] not in known:
                    known.add(event["EventId"])
                    _tell(event, told)
            status = str(stack["StackStatus"])
            if not status.endswith(UNDER_WAY):
                break
            if self._wait(POLL.total_seconds()):
                raise Busy(f"the stack {self._name} is still {status}")
        if status in DONE:
            return _seen(stack, "")
        raise Refused(f"the stack {self._name} is {status}: {self._reason(stack)}")

    def _stack(self) -> Answer:
        hub = self._clients.hub
        answer = self._clients.call(
            hub, "cloudformation", "DescribeStacks", GONE, StackName=self._name
        )
        found: Answer = answer["Stacks"][0]
        return found

    def _settled(self, change_set: str) -> Answer:
        """A change set as it is once CloudFormation has looked at everything, with all its changes."""
        while True:
            answer = self._call("DescribeChangeSet", ChangeSetName=change_set)
            if not str(answer["Status"]).endswith(("PENDING", UNDER_WAY)):
                return {**answer, "Changes": list(self._changes(answer, change_set))}
            if self._wait(POLL.total_seconds()):
                raise Busy(f"the change set of {self._name} is still {answer['Status']}")

    def _changes(self, answer: Answer, change_set: str) -> Iterator[Answer]:
        yield from answer.get("Changes", ())
        while token := answer.get("NextToken"):
            answer = self._call("DescribeChangeSet", ChangeSetName=change_set, NextToken=token)
            yield from answer.get("Changes", ())

    def _events(self) -> Iterator[Answer]:
        """The last events, the newest first."""
        hub, count = self._clients.hub, 0
        pages = self._clients.pages(
            hub, "cloudformation", "DescribeStackEvents", StackName=self._name
        )
        for page in pages:
            for event in page["StackEvents"]:
                count += 1
                yield event
            if count >= MOST_EVENTS:
                return

    def _reason(self, stack: Answer) -> str:
        """What failed first in the last change: the rest failed because of it."""
        failed = list(_failures(self._events(), str(stack["StackId"])))
        if failed:
            first = failed[-1]
            said = first.get("ResourceStatusReason", "AWS gives no reason")
            return f"{first['LogicalResourceId']}: {said}"
        return str(stack.get("StackStatusReason", "AWS gives no reason"))

    def _call(self, action: str, **arguments: object) -> Answer:
        return self._clients.call(self._clients.hub, "cloudformation", action, **arguments)


def _failures(events: Iterable[Answer], stack: str) -> Iterator[Answer]:
    for event in events:
        status = str(event["ResourceStatus"])
        whole = event.get("PhysicalResourceId") == stack
        if whole and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            return
        cancelled = CANCELLED in event.get("ResourceStatusReason", "")
        if status.endswith("_FAILED") and not whole and not cancelled:
            yield event


def _failed(status: str) -> bool:
    return "ROLLBACK" in status or "FAILED" in status


def _seen(stack: Answer, reason: str) -> HubStack:
    return HubStack(
        status=str(stack["StackStatus"]),
        parameters={
            each["ParameterKey"]: each.get("ParameterValue", "")
            for each in stack.get("Parameters", ())
        },
        outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        reason=reason,
    )


def _parameter(name: str, value: str | None) -> Mapping[str, object]:
    if value is None:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}


def _change(change: Answer) -> StackChange:
    resource = change["ResourceChange"]
    return StackChange(
        action=str(resource["Action"]),
        name=str(resource["LogicalResourceId"]),
        type=str(resource["ResourceType"]),
        replaced=resource.get("Replacement", "False") == "True",
    )


def _tell(event: Answer, told: Told) -> None:
    """What has ended, well or not."""
    status = str(event["ResourceStatus"])
    if status.endswith(UNDER_WAY):
        return
    line = f"{status.lower().replace('_', ' ')}: {event['LogicalResourceId']} ({event['ResourceType']})"
    why = event.get("ResourceStatusReason", "") if "FAILED" in status else ""
    told(f"{line}: {why}" if why else line)
