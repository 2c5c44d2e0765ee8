from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from guardian.aws.spelling import from_api, spelt_low, to_api
from guardian.kinds import all_kinds
from guardian.kinds.base import Call, IdleSamples, Kind, Listing


@cache
def service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def operation(name: str, action: str) -> OperationModel:
    return service(name).operation_model(action)


CREATE = operation("emr-serverless", "CreateApplication")
GET = operation("emr-serverless", "GetApplication")


@pytest.mark.parametrize(
    ("name", "action", "low"),
    [
        ("emr-serverless", "GetSession", True),
        ("stepfunctions", "DescribeStateMachine", True),
        ("glue", "GetSession", False),
        ("ec2", "DescribeInstances", False),
        ("sagemaker", "StopNotebookInstance", False),  # answers nothing
        ("sts", "GetCallerIdentity", False),  # takes nothing
    ],
)
def test_an_api_that_spells_its_members_in_camel_case_is_known(
    name: str, action: str, *, low: bool
) -> None:
    assert spelt_low(operation(name, action)) is low


def test_arguments_are_spelt_as_the_api_wants_them_however_deep() -> None:
    arguments = {
        "Name": "etl",
        "MaximumCapacity": {"Cpu": "4 vCPU"},
        "NetworkConfiguration": {"SubnetIds": ["Subnet-A"]},
        "RuntimeConfiguration": [
            {"Classification": "X", "Configurations": [{"Classification": "Y"}]}
        ],
    }
    assert to_api(arguments, CREATE.input_shape) == {
        "name": "etl",
        "maximumCapacity": {"cpu": "4 vCPU"},
        "networkConfiguration": {"subnetIds": ["Subnet-A"]},
        "runtimeConfiguration": [
            {"classification": "X", "configurations": [{"classification": "Y"}]}
        ],
    }


def test_the_keys_of_maps_are_data() -> None:
    arguments = {
        "Tags": {"Owner": "Ana", "team": "x"},
        "InitialCapacity": {"driver": {"WorkerCount": 1}},
    }
    spelt = to_api(arguments, CREATE.input_shape)
    assert spelt == {
        "tags": {"Owner": "Ana", "team": "x"},
        "initialCapacity": {"driver": {"workerCount": 1}},
    }
    assert from_api(spelt, CREATE.input_shape) == arguments


def test_answers_are_in_pascal_case() -> None:
    answer = {
        "application": {
            "applicationId": "1",
            "tags": {"owner": "ana"},
            "autoStopConfiguration": {"enabled": True},
        }
    }
    assert from_api(answer, GET.output_shape) == {
        "Application": {
            "ApplicationId": "1",
            "Tags": {"owner": "ana"},
            "AutoStopConfiguration": {"Enabled": True},
        }
    }


@pytest.mark.parametrize("shape", [None, CREATE.input_shape])
def test_what_the_api_does_not_know_stays_as_it_is(shape: Any) -> None:
    assert to_api({"unHeardOf": {"Name": 1}}, shape) == {"unHeardOf": {"Name": 1}}


WORDS = st.text(max_size=5)
SESSIONS = st.fixed_dictionaries(
    {
        "Sessions": st.lists(
            st.fixed_dictionaries(
                {}, optional={"SessionId": WORDS, "State": WORDS, "CreatedAt": st.integers()}
            )
        )
    },
    optional={"NextToken": WORDS},
)


@given(SESSIONS)
def test_there_and_back_nothing_changes(answer: Mapping[str, Any]) -> None:
    shape = operation("emr-serverless", "ListSessions").output_shape
    assert from_api(to_api(answer, shape), shape) == answer


def calls_of(kind: Kind) -> list[Call]:
    idle = [kind.idle.read] if isinstance(kind.idle, IdleSamples) else []
    return [*kind.reads.values(), kind.stop, *idle, *listing_calls(kind.listing)]


def listing_calls(listing: Listing) -> list[Call]:
    return [listing.call, *(listing_calls(listing.within) if listing.within else [])]


@pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
def test_every_argument_of_a_kind_is_one_of_the_api(kind: Kind) -> None:
    for call in calls_of(kind):
        model = operation(call.service, call.action)
        arguments = (
            to_api(call.arguments, model.input_shape) if spelt_low(model) else call.arguments
        )
        known = model.input_shape.members if model.input_shape else {}
        assert arguments.keys() <= known.keys()
        assert set(
            model.input_shape.required_members if model.input_shape else ()
        ) <= arguments.keys() | {"clientToken"}
