"""SageMaker Studio: apps and how they end, and the domains, profiles and spaces they belong to."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from guardian.localaws.sagemaker.studio import App, Studio
from tests.localaws.conftest import Aws, Eventually, HttpCall
from tests.localaws.statemachines import ROLE, machine, task

EXECUTION_ROLE = "arn:aws:iam::123456789012:role/SageMakerExec"


@pytest.fixture
def sagemaker(aws: Aws) -> Any:
    return aws("sagemaker")


@pytest.fixture
def domain(sagemaker: Any) -> str:
    """The id of a domain with the user profile `ana` and her private space `ana-lab`."""
    domain_id = new_domain(sagemaker, "analytics")
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana")
    sagemaker.create_space(
        DomainId=domain_id,
        SpaceName="ana-lab",
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={"AppType": "JupyterLab"},
    )
    return domain_id


def new_domain(sagemaker: Any, name: str) -> str:
    answer = sagemaker.create_domain(
        DomainName=name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": EXECUTION_ROLE},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
    )
    assert answer["DomainArn"].endswith(answer["DomainId"])
    return str(answer["DomainId"])


@dataclass(frozen=True)
class Lab:
    """The app of the space `ana-lab`, which is not there until it is started."""

    sagemaker: Any
    eventually: Eventually
    key: dict[str, str]

    def status(self) -> str:
        return str(self.sagemaker.describe_app(**self.key)["Status"])

    def reaches(self, status: str) -> None:
        self.eventually(lambda: self.status() == status)

    def start(self, **more: Any) -> str:
        """Have it in service; answers its ARN."""
        arn = self.sagemaker.create_app(**self.key, **more)["AppArn"]
        self.reaches("InService")
        return str(arn)

    def delete(self) -> None:
        self.sagemaker.delete_app(**self.key)
        self.reaches("Deleted")


@pytest.fixture
def lab(sagemaker: Any, eventually: Eventually, domain: str) -> Lab:
    key = {"DomainId": domain, "SpaceName": "ana-lab", "AppType": "JupyterLab"}
    return Lab(sagemaker, eventually, key | {"AppName": "default"})


def error(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    found = raised.value.response["Error"]
    return found["Code"], found["Message"]


def test_an_app_starts_and_its_deletion_leaves_the_space(sagemaker: Any, lab: Lab) -> None:
    sagemaker.create_app(**lab.key)
    assert lab.status() == "Pending"
    lab.reaches("InService")
    sagemaker.delete_app(**lab.key)
    assert lab.status() in ("Deleting", "Deleted")
    lab.reaches("Deleted")
    space = {"DomainId": lab.key["DomainId"], "SpaceName": "ana-lab"}
    assert sagemaker.describe_space(**space)["Status"] == "InService"


def test_the_type_is_in_lower_case_in_the_arn_only(sagemaker: Any, lab: Lab) -> None:
    arn = sagemaker.create_app(**lab.key)["AppArn"]
    assert arn.endswith(f":app/{lab.key['DomainId']}/ana-lab/jupyterlab/default")
    assert sagemaker.describe_app(**lab.key)["AppType"] == "JupyterLab"


def test_the_instance_type_is_that_of_the_request_or_a_default(
    sagemaker: Any, domain: str
) -> None:
    ana = {"DomainId": domain, "UserProfileName": "ana"}
    large = {"InstanceType": "ml.g5.2xlarge"}
    sagemaker.create_app(**ana, AppType="KernelGateway", AppName="gpu", ResourceSpec=large)
    sagemaker.create_app(**ana, AppType="KernelGateway", AppName="plain")
    sagemaker.create_app(**ana, AppType="JupyterServer", AppName="default")
    apps = sagemaker.list_apps()["Apps"]
    assert {app["AppName"]: app["ResourceSpec"]["InstanceType"] for app in apps} == {
        "gpu": "ml.g5.2xlarge",
        "plain": "ml.t3.medium",
        "default": "system",
    }


def test_a_listed_app_has_the_fields_of_the_api_and_no_other(sagemaker: Any, lab: Lab) -> None:
    sagemaker.create_app(**lab.key)
    (app,) = sagemaker.list_apps()["Apps"]
    assert app.keys() == {*lab.key, "Status", "CreationTime", "ResourceSpec"}


def test_only_an_app_in_service_can_be_deleted(sagemaker: Any, lab: Lab) -> None:
    assert error(sagemaker.delete_app, **lab.key)[0] == "ResourceNotFound"
    sagemaker.create_app(**lab.key)
    code, message = error(sagemaker.delete_app, **lab.key)
    assert (code, "Pending" in message) == ("ResourceInUse", True)
    lab.reaches("InService")
    lab.delete()
    code, message = error(sagemaker.delete_app, **lab.key)
    assert (code, "has already been deleted" in message) == ("ValidationException", True)


def test_a_deleted_app_gives_way_to_one_of_its_name(sagemaker: Any, lab: Lab) -> None:
    lab.start()
    assert error(sagemaker.create_app, **lab.key)[0] == "ResourceInUse"
    lab.delete()
    sagemaker.create_app(**lab.key)
    assert [app["Status"] for app in sagemaker.list_apps()["Apps"]] == ["Pending"]


def test_an_app_belongs_to_either_a_profile_or_a_space(sagemaker: Any, lab: Lab) -> None:
    neither = {name: value for name, value in lab.key.items() if name != "SpaceName"}
    for request in (neither, {**lab.key, "UserProfileName": "ana"}):
        for call in (sagemaker.create_app, sagemaker.describe_app, sagemaker.delete_app):
            assert error(call, **request)[0] == "ValidationException"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"AppType": "Spreadsheet"}, "'Spreadsheet' at 'appType'"),
        (
            {"ResourceSpec": {"InstanceType": "ml.huge"}},
            "'ml.huge' at 'resourceSpec.instanceType'",
        ),
        ({"SpaceName": "nobodys"}, "nobodys"),
        ({"DomainId": "d-nowhere"}, "d-nowhere"),
    ],
)
def test_an_app_of_what_does_not_exist_is_refused(
    sagemaker: Any, lab: Lab, change: dict[str, Any], wrong: str
) -> None:
    code, message = error(sagemaker.create_app, **lab.key | change)
    assert code == "ValidationException"
    assert wrong in message


def test_apps_are_listed_by_owner_and_paged(sagemaker: Any, domain: str, lab: Lab) -> None:
    kernel = {"DomainId": domain, "UserProfileName": "ana", "AppType": "KernelGateway"}
    names = [f"kernel-{number:02}" for number in range(12)]
    for name in names:
        sagemaker.create_app(**kernel, AppName=name)
    sagemaker.create_app(**lab.key)

    def listed(**request: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_apps").paginate(**request)
        return [app["AppName"] for page in pages for app in page["Apps"]]

    assert len(sagemaker.list_apps()["Apps"]) == 10
    assert listed() == [*names, "default"]
    assert listed(PaginationConfig={"PageSize": 1}) == [*names, "default"]
    assert listed(UserProfileNameEquals="ana", SortOrder="Descending") == names[::-1]
    assert listed(SpaceNameEquals="ana-lab") == ["default"]
    assert listed(DomainIdEquals="d-other") == []
    both = {"UserProfileNameEquals": "ana", "SpaceNameEquals": "ana-lab"}
    for request in (both, {"MaxResults": 101}, {"NextToken": "guessed"}, {"SortBy": "Age"}):
        assert error(sagemaker.list_apps, **request)[0] == "ValidationException"


def test_a_deleted_app_stays_listed(sagemaker: Any, lab: Lab) -> None:
    lab.start()
    lab.delete()
    assert [app["Status"] for app in sagemaker.list_apps()["Apps"]] == ["Deleted"]


def test_a_deleted_app_is_forgotten_after_a_day() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    request = {"DomainId": "d-1", "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "a"}
    app = App.start("arn", request, noon)
    app.delete(noon + timedelta(hours=1))
    deleted = noon + timedelta(hours=1, seconds=20)
    studio = Studio(apps={app.key: app})
    studio.forget(deleted + timedelta(hours=23, minutes=59))
    assert app.describe(deleted)["Status"] == "Deleted"
    assert studio.apps == {app.key: app}
    studio.forget(deleted + timedelta(hours=24))
    assert studio.apps == {}


def test_a_health_check_looks_like_activity_of_the_user(sagemaker: Any, lab: Lab) -> None:
    sagemaker.create_app(**lab.key)
    assert "LastUserActivityTimestamp" not in sagemaker.describe_app(**lab.key)

    def checked_again() -> bool:
        app = sagemaker.describe_app(**lab.key)
        checked = app.get("LastHealthCheckTimestamp", app["CreationTime"])
        assert app.get("LastUserActivityTimestamp", checked) == checked
        return bool(checked - app["CreationTime"] >= timedelta(seconds=120))

    lab.eventually(checked_again)


def test_a_space_tells_its_owner_and_who_shares_it(sagemaker: Any, domain: str) -> None:
    found = sagemaker.describe_space(DomainId=domain, SpaceName="ana-lab")
    assert found["OwnershipSettings"] == {"OwnerUserProfileName": "ana"}
    assert found["SpaceSharingSettings"] == {"SharingType": "Private"}
    (listed,) = sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]
    assert listed["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "ana"}
    assert listed["SpaceSharingSettingsSummary"] == {"SharingType": "Private"}
    assert listed["SpaceSettingsSummary"] == {"AppType": "JupyterLab"}


def test_a_space_of_an_unknown_owner_is_refused(sagemaker: Any, domain: str) -> None:
    request = {
        "DomainId": domain,
        "SpaceName": "bos-lab",
        "OwnershipSettings": {"OwnerUserProfileName": "bo"},
        "SpaceSharingSettings": {"SharingType": "Private"},
    }
    assert error(sagemaker.create_space, **request)[0] == "ValidationException"


def test_profiles_and_spaces_are_listed_by_domain(sagemaker: Any, domain: str) -> None:
    other = new_domain(sagemaker, "other")
    sagemaker.create_user_profile(DomainId=other, UserProfileName="bo")
    sagemaker.create_space(DomainId=other, SpaceName="shared")
    profiles = sagemaker.list_user_profiles(DomainIdEquals=other)["UserProfiles"]
    spaces = sagemaker.list_spaces(SpaceNameContains="lab")["Spaces"]
    assert [profile["UserProfileName"] for profile in profiles] == ["bo"]
    assert [(space["DomainId"], space["SpaceName"]) for space in spaces] == [(domain, "ana-lab")]
    described = sagemaker.describe_user_profile(DomainId=other, UserProfileName="bo")
    assert described["UserProfileArn"].endswith(f":user-profile/{other}/bo")
    assert len(sagemaker.list_domains(MaxResults=1)["Domains"]) == 1
    pages = sagemaker.get_paginator("list_domains").paginate(PaginationConfig={"PageSize": 1})
    assert {page["Domains"][0]["DomainId"] for page in pages} == {domain, other}


def test_what_is_used_is_not_deleted(sagemaker: Any, lab: Lab) -> None:
    domain = {"DomainId": lab.key["DomainId"]}
    space = {**domain, "SpaceName": "ana-lab"}
    lab.start()
    assert error(sagemaker.delete_space, **space)[0] == "ResourceInUse"
    assert error(sagemaker.delete_domain, **domain)[0] == "ResourceInUse"
    lab.delete()
    sagemaker.delete_space(**space)
    sagemaker.delete_user_profile(**domain, UserProfileName="ana")
    sagemaker.delete_domain(**domain)
    for call, request in (
        (sagemaker.describe_space, space),
        (sagemaker.describe_user_profile, {**domain, "UserProfileName": "ana"}),
        (sagemaker.describe_domain, domain),
    ):
        assert error(call, **request)[0] == "ResourceNotFound"


def test_apps_have_tags_until_they_are_deleted(aws: Aws, sagemaker: Any, lab: Lab) -> None:
    arn = lab.start(Tags=[{"Key": "owner", "Value": "ana"}])
    added = [{"Key": "owner", "Value": "bo"}, {"Key": "team", "Value": "ml"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=added)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == added
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == added[1:]
    found = aws("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["sagemaker:app"])
    assert [resource["ResourceARN"] for resource in found["ResourceTagMappingList"]] == [arn]
    lab.delete()
    assert error(sagemaker.list_tags, ResourceArn=arn)[0] == "ValidationException"


def test_accounts_and_regions_have_their_own_studio(aws: Aws, domain: str, member: str) -> None:
    for other in (aws("sagemaker", "us-east-1"), aws("sagemaker", account=member)):
        assert other.list_domains()["Domains"] == []
        assert other.list_spaces(DomainIdEquals=domain)["Spaces"] == []


def test_everything_is_forgotten_with_local_aws(sagemaker: Any, lab: Lab, http: HttpCall) -> None:
    sagemaker.create_app(**lab.key)
    http("POST", "/moto-api/reset")
    assert sagemaker.list_apps()["Apps"] == []
    assert sagemaker.list_spaces()["Spaces"] == []


def test_the_trail_records_the_names_and_the_arn_of_an_app(
    aws: Aws, sagemaker: Any, lab: Lab
) -> None:
    arn = sagemaker.create_app(**lab.key, ResourceSpec={"InstanceType": "ml.m5.xlarge"})["AppArn"]
    attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateApp"}
    (found,) = lab.eventually(
        lambda: aws("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    )
    record = json.loads(found["CloudTrailEvent"])
    assert record["eventSource"] == "sagemaker.amazonaws.com"
    assert record["requestParameters"] == {
        "domainId": lab.key["DomainId"],
        "spaceName": "ana-lab",
        "appType": "JupyterLab",
        "appName": "default",
        "resourceSpec": {"instanceType": "ml.m5.xlarge"},
    }
    assert record["responseElements"] == {"appArn": arn}


@pytest.mark.slow
def test_a_state_machine_deletes_an_app(aws: Aws, eventually: Eventually, lab: Lab) -> None:
    lab.start()
    delete = task("sagemaker:deleteApp", lab.key)
    gone = {"Catch": [{"ErrorEquals": ["SageMaker.SageMakerException"], "Next": "Look"}]}
    first = {name: value for name, value in delete.items() if name != "End"}
    definition = machine(
        {
            "Delete": {**first, "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Again"},
            "Again": {**delete, **gone},
            "Look": task("sagemaker:describeApp", lab.key, Output="{% $states.result.Status %}"),
        }
    )
    sfn = aws("stepfunctions")
    arn = sfn.create_state_machine(name="stop", definition=definition, roleArn=ROLE)
    started = sfn.start_execution(stateMachineArn=arn["stateMachineArn"], input="{}")

    def ended() -> Any:
        answer = sfn.describe_execution(executionArn=started["executionArn"])
        return answer["status"] != "RUNNING" and answer

    answer = eventually(ended, within=30)
    assert (answer["status"], answer.get("output")) == ("SUCCEEDED", '"Deleted"')
