"""Definitions of state machines, in short."""

import json
from collections.abc import Mapping
from typing import Any

ROLE = "arn:aws:iam::123456789012:role/stopper"
SDK = "arn:aws:states:::aws-sdk:"
States = Mapping[str, Mapping[str, Any]]


def machine(states: States, **options: Any) -> str:
    start = next(iter(states))
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": start, "States": states, **options})


def task(action: str, arguments: object = None, **options: Any) -> dict[str, Any]:
    prefix = "arn:aws:states:::" if action.startswith(("events:", "sns:")) else SDK
    state = {"Type": "Task", "Resource": prefix + action, "End": True, **options}
    return state if arguments is None else {**state, "Arguments": arguments}
