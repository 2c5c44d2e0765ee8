"""API calls as Task states: the arguments of a declaration turned into JSONata."""

import re
from collections.abc import Mapping

from guardian.documents import Json
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
    service = SDK_SERVICES.get(call.service, call.service)
    action = call.action[0].lower() + call.action[1:]
    return {
        "Type": "Task",
        "Resource": f"arn:${{AWS::Partition}}:states:::aws-sdk:{service}:{action}",
        "Arguments": _filled(call.arguments, _variables(rule)),
        "TimeoutSeconds": 60,
        "Retry": [
            {
                "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
                "IntervalSeconds": 2,
                "MaxAttempts": 2,
                "BackoffRate": 3,
                "JitterStrategy": "FULL",
            }
        ],
    }


def _variables(rule: Rule) -> Mapping[str, str]:
    window = milliseconds(rule.idle) if rule.idle else 0
    names = {
        "id": "$id",
        "id_lower": "$lowercase($id)",
        "account": "$account",
        "region": "$region",
        "partition": '"${AWS::Partition}"',
        "now": "$now()",
        "idle_from": f"$fromMillis($millis() - {window})",
    }
    return {**names, "arn": _joined(rule.kind.arn, names)}


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
