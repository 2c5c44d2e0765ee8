"""The page about the outcome event says what guardian reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from guardian.outcome import VERSION, Result, parse_event

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
BLOCKS: list[dict[str, Any]] = [
    json.loads(block)
    for block in re.findall(
        r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
]
(EVENT,) = (block for block in BLOCKS if "detail" in block and "id" in block)
(SCHEMA,) = (block for block in BLOCKS if "$schema" in block)
DETAILS = [EVENT["detail"], *(EVENT["detail"] | block for block in BLOCKS if "outcome" in block)]


def test_every_outcome_has_its_example() -> None:
    assert sorted(detail["outcome"] for detail in DETAILS) == sorted(Result)


@pytest.mark.parametrize("detail", DETAILS, ids=[detail["outcome"] for detail in DETAILS])
def test_an_example_is_of_the_schema_and_can_be_read(detail: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMA).validate(detail)
    outcome = parse_event(EVENT | {"detail": detail})
    assert (outcome.result, outcome.reason) == (detail["outcome"], detail["reason"])


def test_the_schema_is_of_this_version() -> None:
    assert SCHEMA["properties"]["version"] == {"const": VERSION}
    assert set(SCHEMA["properties"]["outcome"]["enum"]) == set(Result)


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_what_the_schema_requires_guardian_cannot_do_without(name: str) -> None:
    without = {key: value for key, value in EVENT["detail"].items() if key != name}
    assert not Draft202012Validator(SCHEMA).is_valid(without)
    with pytest.raises(Exception, match="Guardian Outcome event"):
        parse_event(EVENT | {"detail": without})
