"""Evaluates the JSONata of state machines, which moto parses and leaves alone."""

import hashlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonata import JException, Jsonata, Timebox
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state.choice.comparison import comparison
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from guardian.localaws.world import World

HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384"}
HASHES["SHA-512"] = "sha512"


# What jsonata-python raises for an expression that is wrong, and for one it does not foresee.
FAILURES = (
    JException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


_PARSED: dict[str, list[Jsonata]] = {}
"""Parsed expressions that nobody is evaluating, by their text."""


class QueryEvaluationError(Exception):
    """The expression has no value that a state could go on with."""


def install(world: World) -> None:
    """Evaluate every expression with `$states` and the variables bound, not spliced in."""
    world.on_reset(_PARSED.clear)
    Timebox.current_milli_time = staticmethod(lambda: int(world.clock.timestamp() * 1000))
    string_expression.StringJSONata._eval_body = _evaluate_in_state
    comparison.ConditionStringJSONata._eval_body = _evaluate_condition
    moto_jsonata._eval_jsonata = lambda expression: evaluate(expression, {})


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Answer the JSON value of `expression`; names in `variables` have no dollar sign.

    Raises QueryEvaluationError when it does not parse, fails, or has no JSON value.
    """
    try:
        compiled = _taken(expression)
        result = compiled.evaluate(None, variables)
    except FAILURES as error:
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' failed: {error}"
        ) from error
    if result is None:
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' returned nothing (undefined)."
        )
    try:
        answer = _json_value(result)
    except TypeError:
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' returned an unsupported result type."
        ) from None
    _PARSED.setdefault(expression, []).append(compiled)
    return answer


def _taken(expression: str) -> Jsonata:
    """The parsed expression, for one evaluation: it keeps its state there, so that no two may share it.

    Parsing takes far longer than evaluating. What came to an answer is used again; what failed is thrown away.
    """
    try:
        compiled = _PARSED.setdefault(expression, []).pop()
    except IndexError:
        compiled = Jsonata(expression)
        compiled.set_output_convert_nulls(False)
        for name, function in FUNCTIONS.items():
            compiled.register_lambda(name, function)
    Jsonata.CURRENT.jsonata = compiled  # what functions ask for the time, in each thread
    return compiled


@lru_cache(4096)
def check(expression: str) -> None:
    """Raises QueryEvaluationError when `expression` does not parse."""
    try:
        Jsonata(expression)
    except JException as error:
        raise QueryEvaluationError(f"'{expression}': {error}") from error


def _json_value(value: Any) -> Any:
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: _json_value(member) for key, member in value.items()}
    if isinstance(value, Sequence):
        return [_json_value(member) for member in value]
    raise TypeError(type(value).__name__)


def _evaluate_in_state(string_jsonata: Any, env: Any) -> None:
    try:
        env.stack.append(evaluate(string_jsonata.expression, _variables(env)))
    except QueryEvaluationError as error:
        raise query_failure(env, str(error)) from error


def _evaluate_condition(condition: Any, env: Any) -> None:
    condition.string_jsonata.eval(env=env)
    if not isinstance(env.stack[-1], bool):
        cause = f"The Condition '{condition.string_jsonata.expression}' returned no boolean."
        raise query_failure(env, cause)


def query_failure(env: Any, cause: str) -> Exception:
    """Record in the execution's history that an expression failed; answers what to raise."""
    error_name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(cause=cause, error=error_name.error_name)
    failure = FailureEvent(
        env=env,
        error_name=error_name,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),
    )
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=failure.event_type,
        event_details=failure.event_details,
    )
    return FailureEventException(failure_event=failure)


def _variables(env: Any) -> dict[str, Any]:
    states = json.loads(moto_jsonata.to_json_str(env.states._states_data))
    for absent in ("result", "errorOutput"):  # moto has null where AWS has nothing
        if states.get(absent) is None:
            states.pop(absent, None)
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope, "states": states}


def _partition(array: Sequence[Any], size: int) -> list[Any]:
    return [list(array[start : start + size]) for start in range(0, len(array), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    values = list(range(first, last + (1 if step > 0 else -1), step))
    if len(values) > 1000:  # noqa: PLR2004 - the limit AWS documents
        raise ValueError("$range makes at most 1000 values")
    return values


def _hash(text: str, algorithm: str = "SHA-256") -> str:
    if algorithm not in HASHES:
        raise ValueError(f"$hash does not know {algorithm}")
    return hashlib.new(HASHES[algorithm], text.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311 - no secret


def _refuse_eval(*_: object) -> None:
    raise ValueError("$eval is not supported; use $parse")


FUNCTIONS = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": json.loads,
    "eval": _refuse_eval,
}
