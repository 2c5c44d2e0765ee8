"""The stack of `deploy/management.yaml`: what it lets be done in the management account."""

from pathlib import Path

import pytest

from tests.templates import complaints, parsed

pytestmark = pytest.mark.slow
READS = ("Describe", "Get", "List")
MANAGEMENT = Path(__file__).parents[2] / "deploy" / "management.yaml"


def test_cfn_lint_has_nothing_to_say_of_the_management_stack() -> None:
    text = MANAGEMENT.read_text("utf-8")
    assert complaints(text, "eu-west-1", "us-east-1") == []


def test_cloudformation_may_change_nothing_there_but_what_is_guardians() -> None:
    role = parsed(MANAGEMENT.read_text("utf-8"))["Resources"]["ServiceRole"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    everywhere = [s["Action"] for s in statements if s["Resource"] == "*"]
    writes = [
        a for actions in everywhere for a in actions if not a.split(":")[1].startswith(READS)
    ]
    assert writes == [
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
        "logs:DeleteResourcePolicy",
        "logs:PutResourcePolicy",
    ]
    (denied,) = (s for s in statements if s["Effect"] == "Deny")
    assert denied["Action"] == "iam:*"
    ends = {resource["Fn::Sub"].rpartition("/")[2] for resource in denied["Resource"]}
    assert ends == {"guardian-hub", "${HubRole}", "${RoleName}", "${RoleName}-stacks"}
