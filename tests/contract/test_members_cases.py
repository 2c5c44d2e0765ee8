"""What is peculiar to some kinds, on local AWS."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.clock import ScaledClock
from guardian.documents import moment, pick, text
from guardian.errors import Refused
from guardian.kinds import all_kinds
from guardian.kinds.base import Phase
from guardian.ports import Origin
from guardian.verdict import Keep, owner_of
from tests.contract.conftest import ask_for_fault
from tests.contract.running import Place
from tests.contract.starting import (
    Account,
    athena_session,
    ec2_instance,
    ec2_instances,
    emr_cluster,
    emr_serverless_application,
    emr_session,
    glue_job_run,
    sagemaker_app,
    serverless,
    studio_app,
)
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import Eventually, HttpCall

pytestmark = pytest.mark.slow

Here = Callable[[str], Place]


@pytest.fixture
def here(guardian: Aws, aws: Boto, member: str, eventually: Eventually) -> Here:
    """A kind, by its key, in the member account."""
    account = Account(aws, member, eventually)
    return lambda key: Place(guardian, all_kinds()[key], account)


@pytest.fixture
def local_now(local_aws: dict[str, Any]) -> Callable[[], datetime]:
    clock = local_aws["clock"]
    return ScaledClock(clock["origin"], clock["scale"])


def started_by(place: Place, identifier: str) -> Origin | None:
    began = moment(pick(place.look(identifier), place.kind.start))
    assert began is not None
    return place.guardian.members.origin(place.kind, place.target, identifier, began)


def test_all_that_one_call_launched_have_who_made_it(here: Here) -> None:
    place = here("ec2-instance")
    launched = ec2_instances(place.account, 3)
    assert place.listed().keys() == set(launched)
    origins = {started_by(place, identifier) for identifier in launched}
    assert [origin.owner for origin in origins if origin] == ["tests"]


def test_who_started_it_last_has_it(here: Here, aws: Boto) -> None:
    place = here("ec2-instance")
    identifier = place.live(ec2_instance(place.account, "one"))
    place.guardian.members.stop(place.kind, place.target, identifier)
    place.account.eventually(lambda: place.phase(identifier) is Phase.OVER)
    as_ben(aws, place.account.id, "ec2").start_instances(InstanceIds=[identifier])

    origin = started_by(place, identifier)

    assert origin is not None
    assert origin.owner == "ben"


def as_ben(aws: Boto, account: str, service: str) -> Any:
    """A client of somebody else in the account."""
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    given = aws("sts").assume_role(RoleArn=role, RoleSessionName="ben")["Credentials"]
    client: Any = aws(service, account=account)
    keys = client._request_signer._credentials  # noqa: SLF001 - boto3 has no other way in
    keys.access_key, keys.secret_key = given["AccessKeyId"], given["SecretAccessKey"]
    keys.token = given["SessionToken"]
    return client


def spot(place: Place) -> str:
    return ec2_instance(place.account, "spot", InstanceMarketOptions={"MarketType": "spot"})


def cold(place: Place) -> str:
    return emr_serverless_application(place.account, "cold", initialCapacity={})


def protected(place: Place) -> str:
    return emr_cluster(place.account, "protected", TerminationProtected=True)


def free(place: Place) -> str:
    return studio_app(place.account, "default", "JupyterServer")


@pytest.mark.parametrize(
    ("key", "start"),
    [
        ("ec2-instance", spot),
        ("emr-serverless-application", cold),
        ("emr-cluster", protected),
        ("sagemaker-app", free),
    ],
)
def test_what_must_not_be_stopped_is_kept(
    here: Here,
    key: str,
    start: Callable[[Place], str],
    local_now: Callable[[], datetime],
) -> None:
    place = here(key)
    verdict = place.judged(place.live(start(place)), local_now())
    assert isinstance(verdict, Keep)
    assert verdict.reason in {kept.reason for kept in place.kind.kept}


def test_an_app_belongs_to_its_profile_or_to_the_owner_of_its_space(here: Here) -> None:
    place = here("sagemaker-app")
    of_profile, of_space = studio_app(place.account, "ana"), sagemaker_app(place.account, "lab")
    assert place.listed().keys() == {of_profile, of_space}
    seen = place.look(of_space)
    assert owner_of(place.kind, {"space": seen["space"]}, "") == "ana"
    assert "space" not in place.look(of_profile)


def test_what_has_ended_is_still_seen_though_its_tags_are_gone(here: Here) -> None:
    place = here("sagemaker-app")
    app = place.live(sagemaker_app(place.account, "lab"))
    place.guardian.members.stop(place.kind, place.target, app)
    place.account.eventually(lambda: place.phase(app) is Phase.OVER)
    assert text(place.look(app), place.kind.status) == "Deleted"


def test_a_place_without_any_hides_no_other(here: Here) -> None:
    place = here("glue-job-run")
    running = glue_job_run(place.account, "b-runs")
    for name in ("a-never-ran", "c-never-ran"):
        place.account("glue").create_job(Name=name, Role="r", Command={"Name": "glueetl"})
    assert place.listed().keys() == {running}


def test_an_application_without_sessions_has_none(here: Here) -> None:
    place = here("emr-serverless-session")
    application = serverless(place.account, "jobs-only")
    place.account("emr-serverless").start_application(applicationId=application)
    place.account.eventually(
        lambda: list(
            place.guardian.members.candidates(
                all_kinds()["emr-serverless-application"], place.target
            )
        )
    )
    assert place.listed() == {}


def test_a_workgroup_for_sql_has_no_sessions(here: Here) -> None:
    place = here("athena-session")
    place.account("athena").create_work_group(Name="sql", Configuration={})
    session = athena_session(place.account, "spark")
    assert place.listed().keys() == {session}


def test_a_cluster_that_cannot_have_sessions_has_none(here: Here) -> None:
    place, clusters = here("emr-session"), here("emr-cluster")
    clusters.live(emr_cluster(place.account, "plain"))
    assert place.listed() == {}
    session = emr_session(place.account, "spark")
    assert place.listed().keys() == {session}


def test_a_place_that_refuses_hides_no_other(here: Here, http: HttpCall) -> None:
    place = here("glue-job-run")
    running = {glue_job_run(place.account, name) for name in "ab"}
    ask_for_fault(http, "glue", operation="GetJobRuns", error="InvalidInputException", status=400)
    found = place.guardian.members.candidates(place.kind, place.target)
    listed: list[str] = []
    with pytest.raises(Refused, match="glue:GetJobRuns"):
        listed.extend(candidate.id for candidate in found)
    assert len(listed) == 1
    assert set(listed) < running
