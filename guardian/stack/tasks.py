"""API calls as Task states: the arguments of a declaration turned into JSONata."""

import re
from collections.abc import Mapping

from guardian.documents import Json, jsonata
from guardian.kinds.base import Call
from guardian.policy.model import Rule
from guardian.stack.judgement import literal, milliseconds

State = dict[str, Json]

# The names Step Functions gives the services of its SDK integrations where they are not boto3's.
SDK_SERVICES = {"emr-serverless": "emrserverless"}


def js(expression: str) -> str:
    """An expression as the value of a field."""
    return f"{{% {expression} %}}"


def task(rule: Rule, call: Call) -> State:
    """The call. It is not tried again by itself: after any error the machine looks again."""
    service = SDK_SERVICES.get(call.service, call.service)
    action = call.action[0].lower() + call.action[1:]
    return {
        "Type": "Task",
        "Resource": f"arn:${{AWS::Partition}}:states:::aws-sdk:{service}:{action}",
        "Arguments": _arguments(call, _variables(rule)),
        "TimeoutSeconds": 60,
    }


def _variables(rule: Rule) -> Mapping[str, str]:
    window = milliseconds(rule.idle) if rule.idle else 0
    parts = {part: f"$part.{part}" for part in rule.kind.parts}
    lower = {f"{part}_lower": f"$lowercase({value})" for part, value in parts.items()}
    names = {
        **parts,
        **lower,
        "account": "$account",
        "region": "$region",
        "partition": "'${AWS::Partition}'",
        "now": "$now()",
        "idle_from": f"$fromMillis($millis() - {window})",
    }
    made, told = _joined(rule.kind.arn, names), rule.kind.arn_told
    known = f"($exists({jsonata(told)}) ? {jsonata(told)} : {made})" if told else made
    return {**names, "arn": known}


def _arguments(call: Call, variables: Mapping[str, str]) -> Json:
    """The call's arguments; as one expression where some may be left out, since nothing else leaves them out."""
    if not any(isinstance(v, str) and v.endswith("?}") for v in call.arguments.values()):
        return _filled(call.arguments, variables)
    members = (f"{literal(k)}: {_member(v, variables)}" for k, v in call.arguments.items())
    return js(f"({{{', '.join(members)}}})")


def _member(value: Json, variables: Mapping[str, str]) -> str:
    """A value as JSONata, which leaves out a member that does not exist."""
    if not isinstance(value, str):
        raise TypeError("only texts can stand beside an argument that may be left out")
    if not value.endswith("?}"):
        return _joined(value, variables)
    part = variables[value[1:-2]]
    return f"{part} != '' ? {part}"


def _filled(template: Json, variables: Mapping[str, str]) -> Json:
    """Arguments with their placeholders turned into JSONata."""
    if isinstance(template, str):
        return js(_joined(template, variables)) if "{" in template else template
    if isinstance(template, Mapping):
        return {key: _filled(value, variables) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, variables) for value in template]
    return template


def _joined(template: str, variables: Mapping[str, str]) -> str:
    parts = [part for part in re.split(r"(\{\w+\})", template) if part]
    return " & ".join(variables[p[1:-1]] if p.startswith("{") else literal(p) for p in parts)
