"""Makes the hub: looks, says what is to be done, does it. Doing it again changes nothing."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from guardian.errors import AccessDenied, GuardianError, Refused
from guardian.jobs.bootstrap.parameters import IMAGE, VPC, parameters, read, with_previous
from guardian.jobs.bootstrap.steps import (
    PLACE,
    Do,
    Step,
    check_caller,
    check_changes,
    check_stack,
    steps,
)
from guardian.policy.source import PolicyText
from guardian.ports.bootstrap import (
    Caller,
    HubStack,
    HubStacks,
    PolicyShelf,
    Proposal,
    Standing,
    Told,
    Uploaded,
)

CONTROL_POLICY = ("service control policy", "ServiceControlPolicy")


@dataclass(frozen=True)
class Tools:
    """The adapters that a bootstrap needs."""

    standing: Standing
    stacks: HubStacks
    shelf: PolicyShelf


@dataclass(frozen=True)
class Survey:
    """What was found, and what is to be done because of it. `declared` are the template's parameters."""

    caller: Caller
    stack: HubStack | None
    declared: Collection[str]
    made: Mapping[str, str]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Done:
    """What the stack is like now, what became of the policies, and what was changed, in words."""

    stack: HubStack
    uploaded: Uploaded
    changed: tuple[str, ...] = field(default_factory=tuple)


def survey(tools: Tools, template: str, given: Collection[str], told: Told) -> Survey:
    """Look at everything and change nothing; what an earlier run left under way is waited for.

    Raises InputError for what somebody has to put right first, Refused for a stack that cannot be changed.
    """
    with explaining():
        caller = tools.standing.caller()
        trusted = _trusted(tools, caller)
        check_caller(caller, trusted=trusted)
        stack = tools.stacks.seen()
        if stack is not None and stack.busy:
            told(f"the stack is {stack.status}: waiting for its end")
            stack = tools.stacks.follow(told)
        check_stack(stack)
        declared = tools.stacks.declared(template)
        asked = read(given, declared)
        network = tools.standing.network() if _needs_network(asked, stack) else None
        made = parameters(asked, caller, stack, network)
    return Survey(caller, stack, declared, made, steps(made, stack, trusted=trusted))


@contextmanager
def explaining() -> Iterator[None]:
    """Add to an error what its words mean to whoever reads them for the first time."""
    try:
        yield
    except GuardianError as error:
        if not any(word in str(error) for word in CONTROL_POLICY):
            raise
        raise AccessDenied(
            f"{error}\na service control policy of the organization forbids it: ask whoever writes "
            "them to let it through for this account"
        ) from error


def _trusted(tools: Tools, caller: Caller) -> bool:
    return (caller.manages or caller.delegated) and tools.standing.trusted(caller)


def _needs_network(asked: Mapping[str, str], stack: HubStack | None) -> bool:
    before = stack.parameters if stack else {}
    image = asked.get(IMAGE, before.get(IMAGE, ""))
    return bool(image) and not asked.get(VPC, before.get(VPC, ""))


@dataclass
class _Work:
    """A bootstrap under way."""

    tools: Tools
    found: Survey
    template: str
    policies: Sequence[PolicyText]
    told: Told
    stack: HubStack | None
    uploaded: Uploaded = field(default_factory=Uploaded)
    changed: list[str] = field(default_factory=list)

    def trust(self, _: Step) -> None:
        self.tools.standing.trust()
        self._did("StackSets may work in the organization")

    def deploy(self, step: Step) -> None:
        told = with_previous(step.parameters, self.stack, self.found.declared)
        proposal = self.tools.stacks.propose(self.template, told)
        if proposal is None:
            self.told("the stack is as it should be")
            return
        self._carry_out(proposal)
        self._did("the hub's stack is made" if proposal.creates else "the hub's stack is updated")

    def _carry_out(self, proposal: Proposal) -> None:
        try:
            check_changes(proposal.changes)
        except Refused:
            self.tools.stacks.abandon(proposal)
            raise
        counts = Counter(change.action.lower() for change in proposal.changes)
        self.told(", ".join(f"{count} to {action}" for action, count in sorted(counts.items())))
        self.stack = self.tools.stacks.carry_out(proposal, self.told)

    def upload(self, _: Step) -> None:
        if self.stack is None:
            raise Refused("there is no hub yet to upload policies to")
        place = self.stack.outputs[PLACE]
        self.uploaded = self.tools.shelf.upload(place, self.policies)
        for name in self.uploaded.put:
            self._did(f"uploaded {name} to {place}")
        for name in self.uploaded.others:
            self.told(f"left alone: {place}/{name}, which is not in your directory and holds too")

    def _did(self, what: str) -> None:
        self.told(what)
        self.changed.append(what)


def bootstrap_once(
    tools: Tools, found: Survey, template: str, policies: Sequence[PolicyText], told: Told
) -> Done:
    """Do what a survey found. Raises guardian's errors; what was done by then stays, and is not done again."""
    work = _Work(tools, found, template, policies, told, found.stack)
    ways: Mapping[Do, Callable[[Step], None]] = {
        Do.TRUST: work.trust,
        Do.HUB: work.deploy,
        Do.DAEMON: work.deploy,
        Do.UPLOAD: work.upload,
    }
    with explaining():
        for step in found.steps:
            told(f"== {step.do.value}")
            ways[step.do](step)
        stack = work.stack
    if stack is None:
        raise Refused("there is no hub: nothing was to be done")
    return Done(stack, work.uploaded, tuple(work.changed))
