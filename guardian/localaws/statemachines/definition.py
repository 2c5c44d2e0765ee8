"""What Step Functions refuses in a definition and moto lets pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from guardian.localaws.bridges.jsonata import QueryEvaluationError, check
from guardian.localaws.statemachines.tasks import (
    UNSUPPORTED,
    operation_model,
    unsupported_fields,
)

AWS_SDK = ":states:::aws-sdk:"
INVALID, MISSING = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `location` is a path into the definition."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}"


def problems(definition: Mapping[str, Any], place: str = "") -> list[Problem]:
    """What is wrong with a state machine's definition, in the words of Step Functions."""
    return [*_flow(definition, place), *_states(definition, place)]


def _states(definition: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for name, state in definition.get("States", {}).items():
        here = f"{place}/States/{name}"
        yield from _expressions(state, here)
        if AWS_SDK in str(state.get("Resource", "")):
            yield from _integration(state, here)
        for inner in state.get("Branches", []):
            yield from problems(inner, f"{here}/Branches")
        for key in ("ItemProcessor", "Iterator"):
            if key in state:
                yield from problems(state[key], f"{here}/{key}")


def _flow(definition: Mapping[str, Any], place: str) -> Iterator[Problem]:
    states = definition.get("States", {})
    start = definition.get("StartAt")
    if start not in states:
        yield Problem(MISSING, f"Missing 'Next' target: {start}", f"{place}/StartAt")
    targeted = {start}
    for name, state in states.items():
        for target in _targets(state):
            targeted.add(target)
            if target not in states:
                here = f"{place}/States/{name}"
                yield Problem(MISSING, f"Missing 'Next' target: {target}", here)
    for name in states.keys() - targeted:
        here = f"{place}/States/{name}"
        yield Problem(MISSING, f'State "{name}" is not reachable.', here)


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    for step in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in step:
            yield step["Next"]
    if "Default" in state:
        yield state["Default"]


def _expressions(value: Any, place: str) -> Iterator[Problem]:
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        try:
            check(value[2:-2])
        except QueryEvaluationError as error:
            yield Problem(INVALID, f"Invalid JSONata expression {error}", place)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if key not in ("Branches", "ItemProcessor", "Iterator"):  # these are walked as such
                yield from _expressions(member, f"{place}/{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _expressions(member, f"{place}[{index}]")


def _integration(state: Mapping[str, Any], place: str) -> Iterator[Problem]:
    resource = state["Resource"]
    service, _, action = resource.partition(AWS_SDK)[2].partition(":")
    try:
        operation = operation_model(service, action.partition(".")[0])
    except (UnknownServiceError, OperationNotFoundError):
        message = f"The resource provided {resource} is not recognized."
        yield Problem(INVALID, message, f"{place}/Resource")
        return
    arguments = state.get("Arguments", state.get("Parameters", {}))
    for name in unsupported_fields(arguments, operation.input_shape):
        yield Problem(INVALID, f'The field "{name}" {UNSUPPORTED}', place)
