"""What guardian makes of the statuses of its stacks in the management account."""

from datetime import UTC, datetime

import pytest
from botocore.session import Session

from guardian.aws.plain_stacks import PlainStack
from guardian.ids import AccountId, Region, Target

MODEL = Session().get_service_model("cloudformation")
STATUSES: list[str] = MODEL.shape_for("StackStatus").metadata["enum"]
USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
IMPORTED = {"IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}


def stack(status: str) -> PlainStack:
    target = Target(AccountId("123456789012"), Region("eu-west-1"))
    made = datetime(2026, 11, 23, tzinfo=UTC)
    return PlainStack("guardian-root", target, status, {}, made, None)


@pytest.mark.parametrize("status", STATUSES)
def test_a_stack_is_at_work_or_usable_or_to_be_made_anew(status: str) -> None:
    seen = stack(status)
    assert seen.busy == status.endswith("_IN_PROGRESS")
    assert seen.broken == (not seen.busy and status not in USABLE | IMPORTED)
