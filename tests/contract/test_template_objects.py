"""Templates that are too large for a call."""

import json
from dataclasses import replace

import pytest

from guardian.aws.connect import Aws
from guardian.aws.template_objects import TemplateObjects
from guardian.desire import WantedStackSet
from guardian.errors import InputError
from guardian.ids import AccountId
from tests.contract.conftest import Connect, in_member, move, new_ou
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import new_account

pytestmark = pytest.mark.slow


def template(queue: str = "one") -> str:
    properties = {"QueueName": queue}
    return json.dumps(
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}}
    )


@pytest.fixture
def small(aws: Boto) -> WantedStackSet:
    """A stack set that is wanted in a new account, with a template that fits into a call."""
    account = AccountId(new_account(aws, "one"))
    aws("cloudformation").activate_organizations_access()
    ou = new_ou(aws, "one")
    move(aws, account, ou)
    places = frozenset({in_member(account)})
    return WantedStackSet(
        "guardian-science", "For science.", template(), "f1", places, {account: ou}
    )


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


def queues(aws: Boto, account: str) -> list[str]:
    urls = aws("sqs", account=account).list_queues().get("QueueUrls", [])
    return [str(url).rpartition("/")[2] for url in urls]


def large(queue: str = "one", size: int = 68_000) -> str:
    """A template that is too large for a call."""
    return template(queue).removesuffix("}") + f', "Description": "{"x" * 900}"' + " " * size + "}"


@pytest.fixture
def bucket(aws: Boto) -> str:
    """A place for templates, as the hub's stack makes it."""
    s3 = aws("s3")
    s3.create_bucket(
        Bucket="guardian-templates",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    s3.put_bucket_versioning(
        Bucket="guardian-templates", VersioningConfiguration={"Status": "Enabled"}
    )
    return "s3://guardian-templates/of/guardian/"


def test_a_large_template_is_rolled_out_through_s3(
    connected: Connect, small: WantedStackSet, aws: Boto, bucket: str
) -> None:
    guardian = connected(templates=bucket)
    wanted = replace(small, template=large())
    guardian.stack_sets.create(wanted)
    assert guardian.stack_sets.deploy(wanted, wanted.targets, quiet) == {}
    changed = replace(wanted, template=large("changed"), fingerprint="f2")
    assert guardian.stack_sets.update(changed, quiet) == {}

    assert [queues(aws, account) for account in wanted.ou_of] == [["changed"]]
    assert guardian.stack_sets.observe()[0].fingerprint == "f2"
    key = "of/guardian/guardian-science-f2.json"
    lying = aws("s3").get_object(Bucket="guardian-templates", Key=key)
    assert lying["Body"].read().decode() == changed.template
    assert (lying["ServerSideEncryption"], lying["ContentType"]) == ("AES256", "application/json")
    stored = aws("cloudformation").describe_stack_set(StackSetName=wanted.name)["StackSet"]
    assert stored["TemplateBody"] == changed.template


def test_a_small_template_does_not_go_through_s3(
    connected: Connect, small: WantedStackSet, aws: Boto, bucket: str
) -> None:
    connected(templates=bucket).stack_sets.create(small)
    assert aws("s3").list_objects_v2(Bucket="guardian-templates")["KeyCount"] == 0


def test_what_somebody_else_puts_over_a_template_is_not_rolled_out(
    guardian: Aws, small: WantedStackSet, aws: Boto, bucket: str
) -> None:
    wanted = replace(small, template=large())
    url = TemplateObjects(guardian.clients, bucket).argument(wanted)["TemplateURL"]
    s3, cloudformation = aws("s3"), aws("cloudformation")
    (lying,) = s3.list_objects_v2(Bucket="guardian-templates")["Contents"]
    s3.put_object(Bucket="guardian-templates", Key=lying["Key"], Body=large("evil").encode())
    cloudformation.create_stack_set(StackSetName=wanted.name, TemplateURL=url)
    stored = cloudformation.describe_stack_set(StackSetName=wanted.name)["StackSet"]
    assert stored["TemplateBody"] == wanted.template


def test_a_large_template_without_a_place_for_it_says_what_to_do(
    guardian: Aws, small: WantedStackSet
) -> None:
    wanted = replace(small, template=" " * 51_201)
    said = (
        r"For science\. \(guardian-science\): its template has 51,201 bytes and AWS takes 51,200 within "
        r"a call: name fewer kinds or exemptions, or set `templates: s3://bucket/prefix`"
    )
    with pytest.raises(InputError, match=said):
        guardian.stack_sets.create(wanted)
    guardian.stack_sets.create(small)
    with pytest.raises(InputError, match=said):
        guardian.stack_sets.update(wanted, quiet)


def test_a_template_that_is_too_large_for_s3_is_refused(
    connected: Connect, small: WantedStackSet, bucket: str
) -> None:
    wanted = replace(small, template=" " * 1_000_001)
    with pytest.raises(InputError, match=r"1,000,001 bytes and AWS takes 1,000,000"):
        connected(templates=bucket).stack_sets.create(wanted)


def test_a_bucket_that_is_not_there_is_told(connected: Connect, small: WantedStackSet) -> None:
    guardian = connected(templates="s3://guardian-nowhere")
    with pytest.raises(InputError, match="s3://guardian-nowhere: there is no such bucket"):
        guardian.stack_sets.create(replace(small, template=large()))
