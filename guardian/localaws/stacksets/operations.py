"""Runs the operations of stack sets in the background, one at a time per set, wave by wave."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import RLock, Thread

from guardian.localaws.stacksets import events
from guardian.localaws.stacksets.errors import OperationIdAlreadyExists, OperationInProgress
from guardian.localaws.stacksets.model import (
    BUSY,
    Operation,
    Result,
    StackInstance,
    StackSet,
    Target,
)
from guardian.localaws.stacksets.places import StackFailed, Work
from guardian.localaws.world import World

SECONDS_PER_STACK = 20
"""Local seconds one small stack takes; the accounts of one wave take them together."""


@dataclass(frozen=True)
class Job:
    """An operation, what happens to the set when it begins, and what it does in each place."""

    operation: Operation
    begin: Callable[[], None]
    work: Work


class Operations:
    """The operations of every stack set of this local AWS."""

    def __init__(self, world: World, skips: Callable[[StackSet, Target], bool]) -> None:
        self.lock = RLock()
        self._world = world
        self._skips = skips
        self._queues: dict[str, deque[Job]] = {}

    def submit(self, stack_set: StackSet, job: Job, *, queue: bool = False) -> str:
        """Start `job` or queue it; answers the operation's id.

        Raises OperationInProgress unless `queue` or the set's managed execution is active,
        OperationIdAlreadyExists.
        """
        with self.lock:
            if any(known.id == job.operation.id for known in stack_set.operations):
                raise OperationIdAlreadyExists(job.operation.id)
            busy = stack_set.busy
            if busy and not (queue or stack_set.managed_execution):
                raise OperationInProgress(stack_set.name)
            stack_set.operations.append(job.operation)
            if busy:
                job.operation.status = "QUEUED"
                self._queues.setdefault(stack_set.id, deque()).append(job)
            else:
                self._start(stack_set, job)
        return job.operation.id

    def stop(self, stack_set: StackSet, operation: Operation) -> None:
        """Let the places in work finish and cancel the others."""
        with self.lock:
            if operation.status == "QUEUED":
                jobs = self._queues.get(stack_set.id, deque())
                self._queues[stack_set.id] = deque(j for j in jobs if j.operation is not operation)
                _cancel(operation.results.values(), "Cancelled since the operation was stopped")
                self._end(stack_set, operation, "STOPPED")
            elif operation.status in BUSY:
                operation.status = "STOPPING"
                operation.stop.set()

    def abandon(self, stack_sets: Iterable[StackSet]) -> None:
        """Leave every running operation where it is: local AWS forgets everything."""
        with self.lock:
            self._queues.clear()
            for stack_set in stack_sets:
                for operation in stack_set.operations:
                    operation.abandoned = True
                    operation.stop.set()

    def _start(self, stack_set: StackSet, job: Job) -> None:
        job.operation.status = "RUNNING"
        job.begin()
        Thread(target=self._run, args=(stack_set, job), daemon=True).start()

    def _run(self, stack_set: StackSet, job: Job) -> None:
        operation = job.operation
        events.operation_changed(self._world.bus, stack_set, operation)
        tripped = False
        regions = list(dict.fromkeys(target.region for target in operation.targets))
        for wave in operation.preferences.waves(regions):
            tripped = self._run_wave(stack_set, job, wave) or tripped
            if tripped or operation.stop.is_set():
                break
        with self.lock:
            if operation.abandoned:
                return
            stopped = operation.stop.is_set()
            _cancel(operation.results.values(), _why_cancelled(stopped=stopped))
            _cancel_instances(stack_set, operation)
            self._end(stack_set, operation, _final_status(stopped=stopped, tripped=tripped))
            if waiting := self._queues.get(stack_set.id):
                self._start(stack_set, waiting.popleft())

    def _run_wave(self, stack_set: StackSet, job: Job, regions: Sequence[str]) -> bool:
        """Take the wave's regions side by side; answers whether one failed too often."""
        lanes = [_Lane.of(job.operation, region) for region in regions]
        while batch := [target for lane in lanes for target in lane.take()]:
            for target in batch:
                self._mark_running(stack_set, job.operation, target)
            job.operation.stop.wait(self._world.clock.real(SECONDS_PER_STACK))
            for target in batch:
                self._visit(stack_set, job, target)
            if job.operation.stop.is_set():
                break
        return any(lane.tripped for lane in lanes)

    def _mark_running(self, stack_set: StackSet, operation: Operation, target: Target) -> None:
        with self.lock:
            operation.results[target.place].status = "RUNNING"
            instance = stack_set.instances.get(target.place)
            if instance is not None and operation.action != "DETECT_DRIFT":
                instance.detailed_status = "RUNNING"

    def _visit(self, stack_set: StackSet, job: Job, target: Target) -> None:
        operation, result = job.operation, job.operation.results[target.place]
        with self.lock:
            instance = stack_set.instances.get(target.place)
            if operation.abandoned or instance is None:
                result.status = "SUCCEEDED"
                return
            instance.operation_id = operation.id
            if self._skips(stack_set, target):
                instance.detailed_status = "SKIPPED_SUSPENDED_ACCOUNT"
                result.status, result.reason = "SUCCEEDED", "Skipped: the account is suspended"
                return
            try:
                job.work(stack_set, operation, instance)
            except StackFailed as failure:
                _record_failure(operation, instance, result, str(failure))
            else:
                _record_success(stack_set, operation, instance, result)
        if operation.action != "DETECT_DRIFT":
            events.instance_changed(self._world.bus, stack_set, operation.action, instance)

    def _end(self, stack_set: StackSet, operation: Operation, status: str) -> None:
        operation.status = status
        operation.ended_at = self._world.clock.now()
        events.operation_changed(self._world.bus, stack_set, operation)


@dataclass
class _Lane:
    """One region of a wave."""

    operation: Operation
    accounts: int
    waiting: deque[Target]
    taken: list[Target]

    @classmethod
    def of(cls, operation: Operation, region: str) -> "_Lane":
        targets = [target for target in operation.targets if target.region == region]
        return cls(operation, len(targets), deque(targets), [])

    @property
    def failures(self) -> int:
        return sum(self.operation.results[t.place].status == "FAILED" for t in self.taken)

    @property
    def tripped(self) -> bool:
        return self.failures > self.operation.preferences.tolerance(self.accounts)

    def take(self) -> list[Target]:
        if self.tripped:
            return []
        size = self.operation.preferences.concurrency(self.accounts, self.failures)
        batch = [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]
        self.taken += batch
        return batch


def _record_failure(
    operation: Operation, instance: StackInstance, result: Result, reason: str
) -> None:
    result.status, result.reason = "FAILED", reason
    if operation.action == "DETECT_DRIFT":
        return
    instance.reason = reason
    if operation.action == "DELETE":
        instance.status = instance.detailed_status = "INOPERABLE"
    else:
        instance.status, instance.detailed_status = "OUTDATED", "FAILED"


def _record_success(
    stack_set: StackSet, operation: Operation, instance: StackInstance, result: Result
) -> None:
    result.status = "SUCCEEDED"
    if operation.action == "DETECT_DRIFT":
        return
    instance.status, instance.detailed_status, instance.reason = "CURRENT", "SUCCEEDED", ""
    if operation.action == "DELETE":
        del stack_set.instances[instance.target.place]


def _cancel(results: Iterable[Result], reason: str) -> None:
    for result in results:
        if result.status in ("PENDING", "RUNNING"):
            result.status, result.reason = "CANCELLED", reason


def _cancel_instances(stack_set: StackSet, operation: Operation) -> None:
    if operation.action == "DETECT_DRIFT":
        return
    for place, result in operation.results.items():
        instance = stack_set.instances.get(place)
        if result.status == "CANCELLED" and instance is not None:
            instance.detailed_status, instance.reason = "CANCELLED", result.reason
            instance.operation_id = operation.id


def _why_cancelled(*, stopped: bool) -> str:
    if stopped:
        return "Cancelled since the operation was stopped"
    return "Cancelled since failure tolerance has exceeded"


def _final_status(*, stopped: bool, tripped: bool) -> str:
    if stopped:
        return "STOPPED"
    return "FAILED" if tripped else "SUCCEEDED"
