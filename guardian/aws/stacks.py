"""What guardian's stacks made in a member account, compared with what it should be, and mended in place."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from guardian.aws.clients import Answer, Clients
from guardian.aws.member_roles import MemberRoles, drift_of_roles
from guardian.aws.once import Once
from guardian.aws.trails import Trails
from guardian.aws.turns import Turns
from guardian.documents import Json
from guardian.errors import AccessDenied, NotFound, Refused
from guardian.ids import Target
from guardian.repair import MENDED_IN_PLACE, Drift, Expected, ExpectedMachine, ExpectedRule, What
from guardian.stack import names

TARGET_ID = "guardian"
"""As the template has it: mending replaces the target, it adds none."""
INPUT_KEYS = frozenset({"Input", "InputPath", "InputTransformer"})
WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
THOROUGH = 7
"""With the five other calls twelve in all for an account and region."""
OURS = f"{names.PREFIX}-"


class AwsStacks:
    """What guardian's stacks made in member accounts, through the member role."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._roles = MemberRoles(clients)
        self._trails = Trails(clients)
        self._queues: Once[tuple[Target, str], str] = Once()
        self._turns: Turns[tuple[Target, str], str] | None = None

    def forget(self) -> None:
        """Forget what was learned of whole accounts, so that the next look is at what is there then."""
        self._roles.forget()
        self._trails.forget()

    def take_turns(self) -> None:
        """From now on ask for twelve things at a look at most: all the first time, then the rest in turn."""
        self._turns = Turns(THOROUGH)

    def drift(self, expected: Expected, target: Target) -> tuple[Drift, ...]:
        """Everything that is not as it was deployed. Targets that others added to a rule are not looked at.

        Raises AccessDenied where rules or machines may not be read; other things that may not are a drift.
        """
        found = self._rules(target) if expected.rules else {}
        return (
            *self._in_turn(expected, found, target),
            *_if_allowed("roles", lambda: self._of_roles(expected, target)),
            *_if_allowed(expected.queue, lambda: self._of_queue(expected.queue, target)),
            *_if_allowed("trails", lambda: self._of_trails(expected, target)),
            *(Drift(What.LEFT_BEHIND, name, "rule") for name in _strange(found, expected)),
        )

    def mend(self, expected: Expected, target: Target, drift: Drift) -> None:
        """Put one drifted resource right; a missing one is made anew under the name the stack knows it by."""
        for rule in expected.rules:
            if rule.name == drift.resource and drift.what in _OF_RULES:
                self._mend_rule(rule, target)
        for machine in expected.machines:
            if machine.name == drift.resource and drift.what in MENDED_IN_PLACE - _OF_RULES:
                self._mend_machine(machine, target, missing=drift.what is What.MACHINE_MISSING)

    def _in_turn(
        self, expected: Expected, found: Mapping[str, Answer], target: Target
    ) -> tuple[Drift, ...]:
        """The drift of rules, and of the machines whose turn it is."""
        place = (target, expected.queue)
        things: list[ExpectedRule | ExpectedMachine] = [*expected.rules, *expected.machines]
        keys = [_key(thing) for thing in things]
        turn = self._turns.of(place, keys) if self._turns else frozenset(keys)
        drifts = {
            _key(thing): tuple(
                self._of_rule(thing, found, target, thorough=_key(thing) in turn)
                if isinstance(thing, ExpectedRule)
                else self._of_machine(thing, target)
            )
            for thing in things
            if isinstance(thing, ExpectedRule) or _key(thing) in turn
        }
        if self._turns:
            self._turns.wrong(place, (key for key, drift in drifts.items() if drift))
        return tuple(drift for each in drifts.values() for drift in each)

    def _rules(self, target: Target) -> Mapping[str, Answer]:
        """All rules that are called like ours, by name."""
        pages = self._clients.pages(target, "events", "ListRules", NamePrefix=OURS)
        return {rule["Name"]: rule for page in pages for rule in page["Rules"]}

    def _of_rule(
        self, rule: ExpectedRule, rules: Mapping[str, Answer], target: Target, *, thorough: bool
    ) -> Iterator[Drift]:
        found = rules.get(rule.name)
        if found is None:
            yield Drift(What.RULE_MISSING, rule.name)
            return
        if found["State"] == "DISABLED":
            yield Drift(What.RULE_DISABLED, rule.name)
        wrong = []
        if _json(found.get("EventPattern", "")) != rule.pattern:
            wrong.append("event pattern")
        if thorough and not any(_is_target(t, rule) for t in self._targets(rule, target)):
            wrong.append("target")
        if wrong:
            yield Drift(What.RULE_CHANGED, rule.name, ", ".join(wrong))

    def _targets(self, rule: ExpectedRule, target: Target) -> Iterator[Answer]:
        for page in self._clients.pages(target, "events", "ListTargetsByRule", Rule=rule.name):
            yield from page["Targets"]

    def _of_machine(self, machine: ExpectedMachine, target: Target) -> Iterator[Drift]:
        try:
            found = self._clients.call(
                target, "stepfunctions", "DescribeStateMachine", StateMachineArn=machine.arn
            )
        except NotFound:
            yield Drift(What.MACHINE_MISSING, machine.name)
            return
        wrong = []
        if _json(found["Definition"]) != _json(machine.definition):
            wrong.append("definition")
        if found["RoleArn"] != machine.role:
            wrong.append("role")
        if wrong:
            yield Drift(What.MACHINE_CHANGED, machine.name, ", ".join(wrong))

    def _of_roles(self, expected: Expected, target: Target) -> Iterator[Drift]:
        if not expected.roles:
            return
        found = self._roles.of(target)
        yield from drift_of_roles(expected.roles, found)
        ours = {role.name for role in expected.roles}
        for name in sorted(found.keys() - ours):
            if f"-{target.region}-" in name:
                yield Drift(What.LEFT_BEHIND, name, "role")

    def _of_queue(self, name: str, target: Target) -> Iterator[Drift]:
        if not name:
            return
        try:
            url = self._queues.of((target, name), lambda: self._url(name, target))
            answer = self._clients.call(
                target, "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=list(WAITING)
            )
        except NotFound:
            yield Drift(What.QUEUE_MISSING, name)
            return
        attributes = answer.get("Attributes", {})
        if count := sum(int(attributes.get(key, 0)) for key in WAITING):
            yield Drift(What.UNDELIVERED, name, f"{count:,} in it")

    def _url(self, name: str, target: Target) -> str:
        found = self._clients.call(target, "sqs", "GetQueueUrl", QueueName=name)
        return str(found["QueueUrl"])

    def _of_trails(self, expected: Expected, target: Target) -> Iterator[Drift]:
        if expected.sources and (why := self._trails.unlogged(target, expected.sources)):
            yield Drift(What.UNLOGGED, target.region, why)

    def _mend_rule(self, rule: ExpectedRule, target: Target) -> None:
        self._clients.call(
            target,
            "events",
            "PutRule",
            Name=rule.name,
            EventPattern=json.dumps(rule.pattern),
            State="ENABLED",
            **self._description(rule, target),
        )
        answer = self._clients.call(
            target,
            "events",
            "PutTargets",
            Rule=rule.name,
            Targets=[_target_of(rule)],
        )
        if answer.get("FailedEntryCount"):
            refused = answer["FailedEntries"][0]
            raise Refused(f"events:PutTargets in {target}: {rule.name}: {refused['ErrorMessage']}")

    def _description(self, rule: ExpectedRule, target: Target) -> Mapping[str, str]:
        """PutRule empties what it is not given, so the description is given again."""
        try:
            found = self._clients.call(target, "events", "DescribeRule", Name=rule.name)
        except NotFound:
            return {}
        return {"Description": found["Description"]} if found.get("Description") else {}

    def _mend_machine(self, machine: ExpectedMachine, target: Target, *, missing: bool) -> None:
        content = {"Definition": machine.definition, "RoleArn": machine.role}
        action, which = (
            ("CreateStateMachine", {"Name": machine.name})
            if missing
            else ("UpdateStateMachine", {"StateMachineArn": machine.arn})
        )
        self._clients.call(target, "stepfunctions", action, **which, **content)


_OF_RULES = frozenset({What.RULE_MISSING, What.RULE_DISABLED, What.RULE_CHANGED})


def _key(thing: ExpectedRule | ExpectedMachine) -> str:
    """Rules and machines of a kind have one name."""
    return thing.name if isinstance(thing, ExpectedRule) else thing.arn


def _if_allowed(what: str, look: Callable[[], Iterable[Drift]]) -> Iterable[Drift]:
    """One thing that may not be read hides no other: a role may be older than the permission to read it."""
    try:
        return list(look())
    except AccessDenied as error:
        return [Drift(What.UNSEEN, what, str(error))]


def _strange(rules: Iterable[str], expected: Expected) -> list[str]:
    """Rules that are called like ours and are none of this stack's."""
    ours = {rule.name for rule in expected.rules} | expected.spared
    return sorted(set(rules) - ours)


def _is_target(found: Answer, rule: ExpectedRule) -> bool:
    wanted = _target_of(rule)
    del wanted["Id"]  # the name of a target changes nothing
    return wanted.items() <= found.items() and not INPUT_KEYS & found.keys()


def _target_of(rule: ExpectedRule) -> dict[str, object]:
    target: dict[str, object] = {"Id": TARGET_ID, "Arn": rule.target, "RoleArn": rule.role}
    return target | ({"DeadLetterConfig": {"Arn": rule.undelivered}} if rule.undelivered else {})


def _json(text: str) -> Json:
    """What a JSON text means; None where it is no JSON."""
    try:
        meaning: Json = json.loads(text)
    except ValueError:
        return None
    return meaning
