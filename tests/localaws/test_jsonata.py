"""JSONata as state machines use it."""

from typing import Any

import pytest

from guardian.localaws.bridges.jsonata import QueryEvaluationError, evaluate

INPUT = {"a": None, "list": [1, 2, 3], "text": 'it\'s "quoted" \\ {% x %}', "id": "x/y"}
VARIABLES = {"states": {"input": INPUT}, "count": 2}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.text", INPUT["text"]),
        ("$states.input.a", None),
        ("$states.input.list[$ > 1]", [2, 3]),
        ("$states.input.list[$ = 2]", 2),
        ("$states.input.list.($ * 2)", [2, 4, 6]),
        ("$count + 1", 3),
        ("10 / 4", 2.5),
        ("10 / 5", 2),
        ("$exists($states.input.none)", False),
        ("{'id': $states.input.id, 'none': $states.input.none}", {"id": "x/y"}),
        ("$merge([{'a': 1}, $states.input.list[0] = 1 ? {'b': 2} : {}])", {"a": 1, "b": 2}),
        ("[]", []),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$range(1, 5, 2)", [1, 3, 5]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$random(7) = $random(7)", True),
        ("$length($uuid())", 36),
        ("$uuid() = $uuid()", False),
    ],
)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    assert evaluate(expression, VARIABLES) == value


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.none",
        "$states.result",
        "undeclared",
        "$",
        "1 +",
        "1 / 0",
        "$nosuch()",
        "$error('no')",
        "function($x) { $x }",
        "$hash('a', 'ROT13')",
        "$eval('1')",
        "$parse('{')",
        "$number('x')",
    ],
)
def test_an_expression_without_a_json_value_is_an_error(expression: str) -> None:
    with pytest.raises(QueryEvaluationError):
        evaluate(expression, VARIABLES)
