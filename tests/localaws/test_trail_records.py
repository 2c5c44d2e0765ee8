"""What CloudTrail records, and where it tells of it."""

import pytest
from moto.core.utils import get_service_model

from guardian.localaws.trail.calls import is_recorded
from guardian.localaws.trail.elements import HIDDEN, elements
from guardian.localaws.trail.history import Logging


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Nothing to forget: no server is asked."""


@pytest.mark.parametrize(
    ("service", "action", "expected"),
    [
        ("glue", "CreateSession", True),
        ("glue", "GetSession", False),
        ("glue", "BatchStopJobRun", True),
        ("glue", "BatchGetJobs", False),
        ("lambda", "PublishVersion", True),
        ("lambda", "InvokeAsync", False),
        ("ecs", "DeleteTaskDefinitions", True),
        ("stepfunctions", "StartExecution", True),
        ("stepfunctions", "SendTaskSuccess", False),
        ("sqs", "SendMessageBatch", False),
        ("sns", "Publish", False),
        ("events", "PutEvents", False),
        ("events", "PutRule", True),
        ("sts", "AssumeRole", False),
        ("ec2", "Describe", False),
        (None, "Create", False),
        ("glue", None, False),
    ],
)
def test_management_calls_that_change_something_are_recorded(
    service: str | None,
    action: str | None,
    expected: bool,  # noqa: FBT001 - a case of the table
) -> None:
    assert is_recorded(service, action) is expected


def test_secrets_are_hidden() -> None:
    accounts = get_service_model("organizations").operation_model("CreateAccount").input_shape
    asked = {"Email": "ana@example.com", "RoleName": "Admin"}
    assert elements(asked, accounts) == {"email": HIDDEN, "roleName": "Admin"}


def test_keys_of_maps_keep_their_case_and_members_do_not() -> None:
    sessions = get_service_model("glue").operation_model("CreateSession").input_shape
    asked = {"Id": "s", "Tags": {"Owner": "ana"}, "Command": {"Name": "glueetl"}}
    assert elements(asked, sessions) == {
        "id": "s",
        "tags": {"Owner": "ana"},
        "command": {"name": "glueetl"},
    }


def test_nothing_asked_is_null() -> None:
    shape = get_service_model("glue").operation_model("ListSessions").input_shape
    assert elements({}, shape) is None


def test_the_narrowest_switch_counts() -> None:
    logging = Logging()
    assert logging.is_on("1", "eu-west-1")
    logging.set("1", "eu-west-1", logging=False)
    assert not logging.is_on("1", "eu-west-1")
    assert logging.is_on("1", "us-east-1")
    assert logging.is_on("2", "eu-west-1")


def test_a_wider_switch_ends_the_narrower_ones() -> None:
    logging = Logging()
    logging.set("1", "eu-west-1", logging=False)
    logging.set("1", None, logging=True)
    assert logging.is_on("1", "eu-west-1")
    logging.set("1", "eu-west-1", logging=False)
    logging.set(None, None, logging=True)
    assert logging.is_on("1", "eu-west-1")
