"""What a target receives: the event, a constant, a part of the event or a template of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from guardian.localaws.bus import Event

_PATH_STEP = re.compile(r"\.([^.\[\]]+)|\['([^']+)'\]|\[(\d+|\*)\]")
_TEMPLATE_PART = re.compile(r"\\.|<([A-Za-z0-9_.-]+)>|.", re.DOTALL)


class InvalidInput(ValueError):
    """The target cannot be given an input: the invocation fails."""


@dataclass(frozen=True)
class FiredRule:
    """The rule that an event matched, and when EventBridge took the event."""

    arn: str
    name: str
    ingestion_time: str


def target_input(target: Mapping[str, Any], event: Event, rule: FiredRule) -> str:
    """The text that `target` is given. Raises InvalidInput."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = list(_find(target["InputPath"], event))
        if not found:
            raise InvalidInput(f"the event has nothing at {target['InputPath']}")
        return json.dumps(found[0])
    if "InputTransformer" in target:
        return _fill_template(target["InputTransformer"], event, rule)
    return json.dumps(event)


def _find(path: str, event: Event) -> Iterator[Any]:
    """What is at `path`: one value, or none. `[*]` collects a list."""
    if not path.startswith("$"):
        raise InvalidInput(f"{path} is not a JSON path")
    steps = list(_PATH_STEP.finditer(path, 1))
    if "".join(step.group() for step in steps) != path[1:]:
        raise InvalidInput(f"{path} is not a JSON path that EventBridge understands")
    yield from _walk(event, [step.group(1) or step.group(2) or step.group(3) for step in steps])


def _walk(node: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield node
        return
    step, *rest = steps
    if isinstance(node, Mapping) and step in node:
        yield from _walk(node[step], rest)
    elif isinstance(node, list) and step == "*":
        yield [found for element in node for found in _walk(element, rest)]
    elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        yield from _walk(node[int(step)], rest)


def _fill_template(transformer: Mapping[str, Any], event: Event, rule: FiredRule) -> str:
    paths = transformer.get("InputPathsMap") or {}
    values = {name: list(_find(path, event)) for name, path in paths.items()}
    values |= _reserved(event, rule)
    filled = "".join(_parts(transformer["InputTemplate"], values))
    if not _is_valid(filled):
        raise InvalidInput(f"the input template gives invalid JSON: {filled[:200]}")
    return filled


def _reserved(event: Event, rule: FiredRule) -> dict[str, list[Any]]:
    return {
        "aws.events.rule-arn": [rule.arn],
        "aws.events.rule-name": [rule.name],
        "aws.events.event.ingestion-time": [rule.ingestion_time],
        "aws.events.event": [{k: v for k, v in event.items() if k != "detail"}],
        "aws.events.event.json": [event],
    }


def _parts(template: str, values: Mapping[str, list[Any]]) -> Iterator[str]:
    quoted = False
    for part in _TEMPLATE_PART.finditer(template):
        if part.group() == '"':
            quoted = not quoted
        name = part.group(1)
        if name is None:
            yield part.group()
        elif name not in values:
            raise InvalidInput(f"the input template names <{name}>, which is not in InputPathsMap")
        else:
            # a path that finds nothing leaves nothing behind, as on AWS
            yield from (_substitute(value, quoted=quoted) for value in values[name])


def _substitute(value: Any, *, quoted: bool) -> str:
    # EventBridge escapes nothing: a quotation mark in a value breaks the JSON around it
    if isinstance(value, str):
        return value if quoted else f'"{value}"'
    return json.dumps(value)


def _is_valid(filled: str) -> bool:
    """JSON, or one JSON string a line (what people send to SNS and SQS)."""
    return _is_json(filled) or all(
        line.startswith('"') and _is_json(line) for line in filled.strip().splitlines()
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
