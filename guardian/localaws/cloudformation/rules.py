"""Assertions about a template's parameters: its section `Rules`."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from guardian.localaws.cloudformation.functions import Evaluator


def check_rules(template: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Raises ValidationError for an assertion that does not hold."""
    evaluator = Evaluator(template, values, _refuse, lambda name: _refuse(name, None))
    for rule in (template.get("Rules") or {}).values():
        if "RuleCondition" in rule and not evaluator.resolve(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not evaluator.resolve(assertion["Assert"]):
                said = assertion.get("AssertDescription", "an assertion of the template fails")
                raise ValidationError(message=f"Template error: {said}")


def _refuse(name: str, _attribute: str | None) -> str:
    raise ValidationError(message=f"Template error: rules know nothing of {name}")
