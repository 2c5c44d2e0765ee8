"""The management account, which service-managed stack sets never reach: plain stacks stand in for its instances."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from guardian.aws.clients import Answer, Clients
from guardian.aws.options import AwsOptions
from guardian.aws.plain_stacks import PlainStack, PlainStacks, tags_of
from guardian.aws.stack_sets import FINGERPRINT, ROLLOUT
from guardian.aws.template_objects import TemplateObjects
from guardian.desire import WantedStackSet
from guardian.errors import AccessDenied, Busy, GuardianError, NotFound, Refused
from guardian.ids import AccountId, Target
from guardian.plan import (
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Purpose,
    operation_name,
)
from guardian.ports import Progress, StackSets

AT_ONCE = 8
"""Regions that are looked into side by side."""

Started = Mapping[Target, str]
"""The ids of the stacks that are being changed."""


class WithManagementAccount:
    """Stack sets that reach the management account too.

    There a plain stack of the stack set's name, template and tags takes the place of a stack instance. The stack set
    says what the template is, even where it has no instance of its own.
    """

    def __init__(
        self, stack_sets: StackSets, clients: Clients, options: AwsOptions, stacks: PlainStacks
    ) -> None:
        self._stack_sets = stack_sets
        self._clients = clients
        self._options = options
        self._stacks = stacks
        self._templates = TemplateObjects(clients, options.templates)

    def observe(self) -> tuple[DeployedStackSet, ...]:
        """Every stack set with its stacks in the management account, and those stacks whose stack set is gone.

        Where guardian may not look there it sees none, so that the other accounts go on: making them tells why.
        """
        stack_sets = {stack_set.name: stack_set for stack_set in self._stack_sets.observe()}
        try:
            found = self._found()
        except AccessDenied:
            found = {}
        for name in found.keys() - stack_sets.keys():
            stack_sets[name] = DeployedStackSet(name, "", ())
        return tuple(_together(stack_sets[n], found.get(n, ())) for n in sorted(stack_sets))

    def create(self, wanted: WantedStackSet) -> None:
        """Make the stack set, even if it will have no instances."""
        self._stack_sets.create(wanted)

    def update(self, wanted: WantedStackSet, progress: Progress) -> Mapping[Target, str]:
        """Bring the stack set, its instances and its stacks to the wanted template; answer what failed, by target."""
        ours, _ = self._parted(wanted.targets)
        total = len(wanted.targets)
        try:
            failed = self._stack_sets.update(wanted, progress)
        except NotFound:
            self._stack_sets.create(wanted)
            failed = {}
        told = _counting(progress, total - len(ours), total)
        return {**failed, **self._bring(wanted, ours, Purpose.UPDATE, told)}

    def update_some(
        self,
        wanted: WantedStackSet,
        targets: Iterable[Target],
        purpose: Purpose,
        progress: Progress,
    ) -> Mapping[Target, str]:
        """Bring some instances and stacks to the stack set's template, for a wave the wanted one."""
        ours, others = self._parted(targets)
        total = len(ours) + len(others)
        failed: Mapping[Target, str] = {}
        if others:
            before = _of(total, progress)
            failed = self._stack_sets.update_some(wanted, others, purpose, before)
        elif purpose is Purpose.WAVE and self._fingerprint(wanted.name) != wanted.fingerprint:
            # The stack set takes the template and AWS leaves the account out: what it says of that is no failure.
            self._stack_sets.update_some(wanted, ours, purpose, lambda *_: None)
        told = _counting(progress, len(others), total)
        return {**failed, **self._bring(wanted, ours, purpose, told)}

    def deploy(
        self, wanted: WantedStackSet, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        """Put stack instances into targets, stacks into the management account; answer what failed, by target."""
        ours, others = self._parted(targets)
        total = len(ours) + len(others)
        failed: Mapping[Target, str] = {}
        if others:
            failed = self._stack_sets.deploy(wanted, others, _of(total, progress))
        told = _counting(progress, len(others), total)
        return {**failed, **self._bring(wanted, ours, Purpose.CREATE, told)}

    def withdraw(
        self, name: str, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        """Delete stack instances and stacks; answer what failed, by target."""
        ours, others = self._parted(targets)
        total = len(ours) + len(others)
        failed: Mapping[Target, str] = {}
        if others:
            failed = self._stack_sets.withdraw(name, others, _of(total, progress))

        def start(target: Target) -> str:
            return self._stacks.delete(target, name, str(uuid.uuid4()))

        told = _counting(progress, len(others), total)
        return {**failed, **self._run(ours, start, told)}

    def delete(self, name: str) -> None:
        """Delete a stack set that has neither instances nor stacks. Raises Refused where a stack is left."""
        if left := self._found().get(name):
            places = ", ".join(str(stack.target) for stack in left)
            raise Refused(f"{name}: its stack in {places} is still there")
        try:
            self._stack_sets.delete(name)
        except NotFound:
            return  # only its stack in the management account was left of it

    @cached_property
    def _account(self) -> AccountId:
        hub = self._clients.hub
        described = self._clients.call(hub, "organizations", "DescribeOrganization")
        return AccountId(described["Organization"]["MasterAccountId"])

    def _parted(self, targets: Iterable[Target]) -> tuple[list[Target], list[Target]]:
        """Those in the management account, and all others."""
        found = sorted(targets)
        ours = [target for target in found if target.account == self._account]
        return ours, [target for target in found if target.account != self._account]

    def _found(self) -> Mapping[str, tuple[PlainStack, ...]]:
        """Our stacks in the management account by name, wherever they are: a policy may name a region no more."""
        home = Target(self._account, self._options.home_region)
        targets = [Target(self._account, region) for region in self._stacks.regions(home)]
        found: dict[str, tuple[PlainStack, ...]] = defaultdict(tuple)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for stacks in pool.map(self._stacks.ours, targets):
                for stack in stacks:
                    found[stack.name] += (stack,)
        return found

    def _bring(
        self,
        wanted: WantedStackSet,
        targets: list[Target],
        purpose: Purpose,
        told: Callable[[int], None],
    ) -> Mapping[Target, str]:
        """Bring stacks to the template and the tags that the stack set has; only a create makes new ones."""
        if not targets:
            return {}
        described = self._described(wanted.name)
        tags = tags_of(described)
        there = replace(
            wanted,
            template=described["TemplateBody"],
            fingerprint=tags.get(FINGERPRINT, ""),
        )
        content = {**self._templates.argument(there), "Tags": described.get("Tags", [])}
        key = operation_name(purpose, tags.get(ROLLOUT, ""))

        def start(target: Target) -> str:
            again = f"{key}-{uuid.uuid4()}"
            new = purpose is Purpose.CREATE
            return self._stacks.bring(target, wanted.name, content, again, new=new)

        return self._run(targets, start, told)

    def _run(
        self,
        targets: list[Target],
        start: Callable[[Target], str],
        told: Callable[[int], None],
    ) -> Mapping[Target, str]:
        """Start in all targets, then wait for each; one's trouble is its own. Raises Busy at the end of patience."""
        started, failed = dict[Target, str](), dict[Target, str]()
        for target in targets:
            try:
                started[target] = start(target)
            except GuardianError as error:
                failed[target] = str(error)
        for number, (target, stack) in enumerate(started.items(), len(failed) + 1):
            try:
                why = self._stacks.follow(target, stack) if stack else ""
            except Busy:
                raise
            except GuardianError as error:
                why = str(error)
            if why:
                failed[target] = why
            told(number)
        return failed

    def _fingerprint(self, name: str) -> str:
        return tags_of(self._described(name)).get(FINGERPRINT, "")

    def _described(self, name: str) -> Answer:
        hub, call_as = self._clients.hub, self._options.call_as
        answer = self._clients.call(
            hub, "cloudformation", "DescribeStackSet", StackSetName=name, CallAs=call_as
        )
        found: Answer = answer["StackSet"]
        return found


def _together(stack_set: DeployedStackSet, stacks: Iterable[PlainStack]) -> DeployedStackSet:
    found = tuple(stacks)
    busy = next((f"{s.status} of its stack in {s.target}" for s in found if s.busy), "")
    changed = [s.updated or s.created for s in found]
    return replace(
        stack_set,
        instances=(*stack_set.instances, *_instances(stack_set.fingerprint, found)),
        busy=stack_set.busy or busy,
        changed=_latest(stack_set.changed, *changed),
        updated=_latest(stack_set.updated, *(s.updated for s in found)),
        created=_latest(stack_set.created, *(s.created for s in found)),
    )


def _instances(fingerprint: str, stacks: Iterable[PlainStack]) -> Iterator[DeployedInstance]:
    for stack in stacks:
        status = InstanceStatus.CURRENT
        if stack.broken:
            status = InstanceStatus.INOPERABLE
        elif stack.tags.get(FINGERPRINT) != fingerprint:
            status = InstanceStatus.OUTDATED
        reason = "" if status is InstanceStatus.CURRENT else stack.reason
        yield DeployedInstance(
            stack.target, status, reason, detailed=stack.status, operation=stack.operation
        )


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def _of(total: int, progress: Progress) -> Progress:
    """Tells the count of a part as one of the whole."""
    return lambda done, _: progress(done, total)


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
