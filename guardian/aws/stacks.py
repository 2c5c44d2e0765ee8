"""What guardian's stacks made in a member account, compared with what it should be, and mended in place."""

import json
from collections.abc import Iterator, Mapping

from guardian.aws.clients import Answer, Clients
from guardian.documents import Json
from guardian.errors import NotFound, Refused
from guardian.ids import Target
from guardian.repair import Drift, Expected, ExpectedMachine, ExpectedRule, What

TARGET_ID = "guardian"
"""As the template has it: mending replaces the target, it adds none."""
INPUT_KEYS = frozenset({"Input", "InputPath", "InputTransformer"})


class AwsStacks:
    """EventBridge rules and state machines of member accounts, through the member role."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def drift(self, expected: Expected, target: Target) -> tuple[Drift, ...]:
        """Everything that is not as it was deployed. Targets that others added to a rule are not looked at."""
        return (
            *(drift for rule in expected.rules for drift in self._of_rule(rule, target)),
            *(
                drift
                for machine in expected.machines
                for drift in self._of_machine(machine, target)
            ),
        )

    def mend(self, expected: Expected, target: Target, drift: Drift) -> None:
        """Put one drifted resource right; a missing one is made anew under the name the stack knows it by."""
        for rule in expected.rules:
            if rule.name == drift.resource and drift.what in _OF_RULES:
                self._mend_rule(rule, target)
        for machine in expected.machines:
            if machine.name == drift.resource and drift.what not in _OF_RULES:
                self._mend_machine(machine, target, missing=drift.what is What.MACHINE_MISSING)

    def _of_rule(self, rule: ExpectedRule, target: Target) -> Iterator[Drift]:
        try:
            found = self._clients.call(target, "events", "DescribeRule", Name=rule.name)
        except NotFound:
            yield Drift(What.RULE_MISSING, rule.name)
            return
        if found["State"] == "DISABLED":
            yield Drift(What.RULE_DISABLED, rule.name)
        wrong = []
        if _json(found.get("EventPattern", "")) != rule.pattern:
            wrong.append("event pattern")
        if not any(_is_target(t, rule) for t in self._targets(rule, target)):
            wrong.append("target")
        if wrong:
            yield Drift(What.RULE_CHANGED, rule.name, ", ".join(wrong))

    def _targets(self, rule: ExpectedRule, target: Target) -> Iterator[Answer]:
        for page in self._clients.pages(target, "events", "ListTargetsByRule", Rule=rule.name):
            yield from page["Targets"]

    def _of_machine(self, machine: ExpectedMachine, target: Target) -> Iterator[Drift]:
        try:
            found = self._clients.call(
                target, "stepfunctions", "DescribeStateMachine", stateMachineArn=machine.arn
            )
        except NotFound:
            yield Drift(What.MACHINE_MISSING, machine.name)
            return
        wrong = []
        if _json(found["definition"]) != _json(machine.definition):
            wrong.append("definition")
        if found["roleArn"] != machine.role:
            wrong.append("role")
        if wrong:
            yield Drift(What.MACHINE_CHANGED, machine.name, ", ".join(wrong))

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
        content = {"definition": machine.definition, "roleArn": machine.role}
        action, which = (
            ("CreateStateMachine", {"name": machine.name})
            if missing
            else ("UpdateStateMachine", {"stateMachineArn": machine.arn})
        )
        self._clients.call(target, "stepfunctions", action, **which, **content)


_OF_RULES = frozenset({What.RULE_MISSING, What.RULE_DISABLED, What.RULE_CHANGED})


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
