"""Starts a stack set operation and follows it to its end."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from guardian.aws.clients import Answer, Clients
from guardian.aws.faults import HadBefore
from guardian.aws.options import AwsOptions
from guardian.errors import Busy, Refused
from guardian.ids import AccountId, Region, Target

Wait = Callable[[float], bool]
"""Pauses for some seconds; True asks to stop waiting. `threading.Event.wait` is one."""

PREFERENCES = {
    # AWS's own defaults are one account at a time and an end at the first failure.
    "RegionConcurrencyType": "PARALLEL",
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 100,
    "FailureTolerancePercentage": 100,
}
OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
BAD = frozenset({"FAILED", "CANCELLED"})
SLOWER = 1.5
SLOWEST = 10
"""How many times the first pause the longest one is."""


LEFT_OUT = "AWS left it out: the account is not in the organization or the OU any more"


@dataclass(frozen=True)
class Operation:
    """An API that starts an operation, on which stack set, with what; `asked` is where it should go, if it says so.

    Its id begins with `purpose`.
    """

    action: str
    stack_set: str
    arguments: Mapping[str, object]
    asked: frozenset[Target] = frozenset()
    purpose: str = ""


class Operations:
    """Stack set operations, one after the other, each waited for.

    The same operation after the same one before it has the same id: whoever asks for it again, having been killed or
    not been answered, is told by AWS that it has had it, and follows the one that was begun.
    """

    def __init__(self, clients: Clients, options: AwsOptions, wait: Wait) -> None:
        self._clients = clients
        self._options = options
        self._wait = wait
        self._last: dict[str, str] = {}

    def came_last(self, stack_set: str, operation: str) -> None:
        """The id of the last operation on a stack set, as its state was seen; empty for a new one."""
        self._last[stack_set] = operation

    def token(self, stack_set: str, *words: object) -> uuid.UUID:
        """The same for the same words in the same state of a stack set, which nobody knows who has not seen it."""
        if stack_set not in self._last:
            return uuid.uuid4()
        name = json.dumps([stack_set, self._last[stack_set], *words], sort_keys=True)
        return uuid.uuid5(uuid.NAMESPACE_OID, name)

    def run(self, operation: Operation, done: Callable[[int], None]) -> Mapping[Target, str]:
        """Start an operation, follow it to its end, answer what failed by target.

        `done` is told how many stack instances are finished. Raises Busy when another operation runs, or when this one
        is still running at the end of patience; Refused when it failed before it came to any instance.
        """
        name = operation.stack_set
        key = self._begin(operation)
        ended = self._follow(name, key, done)
        results = {_target(result): result for result in self._results(name, key)}
        failed = dict.fromkeys(operation.asked - results.keys(), LEFT_OUT) | {
            target: result.get("StatusReason") or result["Status"]
            for target, result in results.items()
            if result["Status"] in BAD
        }
        if ended["Status"] != "SUCCEEDED" and not failed:
            why = ended.get("StatusReason") or "AWS gives no reason"
            raise Refused(f"{operation.action} of {name}: {ended['Status']}: {why}")
        return failed

    def _begin(self, operation: Operation) -> str:
        """Ask for it; answer its id."""
        name, arguments = operation.stack_set, operation.arguments
        own = self.token(name, operation.action, arguments)
        key = f"{operation.purpose}-{own}".lstrip("-")
        self._options.begun.add(key)
        with suppress(HadBefore):  # it runs, or has run: what comes of it is the same
            self._call(
                operation.action,
                StackSetName=name,
                OperationId=key,
                OperationPreferences=PREFERENCES,
                **arguments,
            )
        self.came_last(name, key)
        return key

    def _follow(self, name: str, key: str, done: Callable[[int], None]) -> Answer:
        pause, waited = self._options.poll, timedelta()
        while True:
            described = self._call("DescribeStackSetOperation", StackSetName=name, OperationId=key)
            seen: Answer = described["StackSetOperation"]
            done(sum(result["Status"] in OVER | BAD for result in self._results(name, key)))
            if seen["Status"] in OVER:
                return seen
            if waited >= self._options.patience or self._wait(pause.total_seconds()):
                raise Busy(f"{name}: operation {key} is still {seen['Status']}")
            waited += pause
            pause = min(pause * SLOWER, self._options.poll * SLOWEST)

    def _results(self, name: str, key: str) -> Iterator[Answer]:
        for page in self._clients.pages(
            self._clients.hub,
            "cloudformation",
            "ListStackSetOperationResults",
            StackSetName=name,
            OperationId=key,
            MaxResults=100,
            CallAs=self._options.call_as,
        ):
            yield from page["Summaries"]

    def _call(self, action: str, **arguments: object) -> Answer:
        hub, call_as = self._clients.hub, self._options.call_as
        return self._clients.call(hub, "cloudformation", action, CallAs=call_as, **arguments)


def _target(result: Answer) -> Target:
    return Target(AccountId(result["Account"]), Region(result["Region"]))
