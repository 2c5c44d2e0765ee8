import pytest

from guardian.aws.connect import Aws
from guardian.aws.regions import all_regions, partition_of
from guardian.errors import AccessDenied, InputError, Unavailable
from guardian.ids import Region
from tests.contract.conftest import HUB, Connect


def test_guardian_knows_who_it_is(guardian: Aws) -> None:
    identity = guardian.whoami()
    assert identity.account == HUB
    assert identity.arn.startswith(f"arn:aws:iam::{HUB}:")


def test_without_credentials_one_line_says_so(
    connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessDenied) as refused:
        connected().whoami()
    assert str(refused.value) == (
        "sts:GetCallerIdentity in own account/eu-west-1: NoCredentialsError: "
        "Unable to locate credentials (no usable AWS credentials)"
    )


@pytest.mark.slow
def test_an_endpoint_that_does_not_answer_is_named(
    connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1/"):
        connected().whoami()


def test_a_region_lies_in_its_partition() -> None:
    assert partition_of(Region("eu-west-1")) == "aws"
    assert partition_of(Region("cn-north-1")) == "aws-cn"
    assert {"eu-west-1", "ap-south-2"} <= all_regions()
    assert "eu-west-1" not in all_regions("aws-cn")


def test_what_is_no_region_is_an_input_error() -> None:
    with pytest.raises(InputError, match="'mars' is not a region"):
        partition_of(Region("mars"))
