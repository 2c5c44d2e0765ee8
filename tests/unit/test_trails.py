"""What a trail's selectors let through to EventBridge."""

from typing import Any

import pytest

from guardian.aws.trails import logged

GLUE, KMS = "glue.amazonaws.com", "kms.amazonaws.com"


def basic(**changed: Any) -> dict[str, Any]:
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True}
    return {"EventSelectors": [selector | changed]}


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"Name": "any", "FieldSelectors": list(fields)}]}


def field(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"Field": name, operator: list(values)}


MANAGEMENT = field("eventCategory", "Equals", "Management")


@pytest.mark.parametrize(
    "selectors",
    [
        {},
        basic(),
        basic(ReadWriteType="WriteOnly"),
        basic(ExcludeManagementEventSources=[KMS]),
        advanced(MANAGEMENT),
        advanced(MANAGEMENT, field("readOnly", "Equals", "false")),
        advanced(MANAGEMENT, field("eventSource", "NotEquals", KMS)),
        advanced(MANAGEMENT, field("eventSource", "Equals", GLUE)),
        advanced(MANAGEMENT, field("eventSource", "StartsWith", "glue.")),
        advanced(MANAGEMENT, field("userIdentity.arn", "NotEndsWith", "auditor")),
    ],
)
def test_a_start_is_logged(selectors: dict[str, Any]) -> None:
    assert logged(selectors, {GLUE}) == {GLUE}


@pytest.mark.parametrize(
    "selectors",
    [
        basic(ReadWriteType="ReadOnly"),
        basic(IncludeManagementEvents=False),
        basic(ExcludeManagementEventSources=[GLUE]),
        advanced(field("eventCategory", "Equals", "Data")),
        advanced(MANAGEMENT, field("readOnly", "Equals", "true")),
        advanced(MANAGEMENT, field("eventSource", "NotEquals", GLUE)),
        advanced(MANAGEMENT, field("eventSource", "Equals", KMS)),
        advanced(MANAGEMENT, field("eventSource", "NotStartsWith", "glue.")),
        advanced(MANAGEMENT, field("eventSource", "NotEndsWith", ".amazonaws.com")),
    ],
)
def test_a_start_is_not_logged(selectors: dict[str, Any]) -> None:
    assert logged(selectors, {GLUE}) == set()


def test_one_selector_that_logs_is_enough() -> None:
    both = {**basic(ReadWriteType="ReadOnly"), **advanced(MANAGEMENT)}
    assert logged(both, {GLUE, KMS}) == {GLUE, KMS}
