from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials

from guardian.aws.connect import Aws
from guardian.aws.credentials import Assumed, MemberSessions
from guardian.aws.origins import origin_of, role_of
from guardian.clock import ScaledClock
from guardian.documents import Document, Json, moment, pick, text
from guardian.errors import AccessDenied, NotFound, Refused
from guardian.ids import AccountId, Target
from guardian.kinds import all_kinds
from guardian.kinds.base import StartEvent
from guardian.ports import Origin
from guardian.verdict import tags_of
from tests.contract.conftest import HUB, ask_for_fault, in_member
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import Eventually, HttpCall, new_account

GLUE = all_kinds()["glue-session"]
NOTEBOOK = all_kinds()["sagemaker-notebook"]
CLUSTER = all_kinds()["emr-cluster"]
START, CLUSTER_START = GLUE.starts[0], CLUSTER.starts[0]
SAMPLES = "idle.MetricDataResults[].Values[]"
HOSTILE = 'a {arn} {account} "quoted" ${AWS::AccountId} <!channel> é'


def start_session(aws: Boto, account: str, name: str = "preview", **more: Any) -> str:
    aws("glue", account=account).create_session(
        Id=name,
        Role=f"arn:aws:iam::{account}:role/Glue",
        Command={"Name": "glueetl", "PythonVersion": "3"},
        **more,
    )
    return name


def status_of(guardian: Aws, target: Target, name: str) -> str:
    return text(guardian.members.look(GLUE, target, name, None), GLUE.status)


@pytest.fixture
def target(member: str) -> Target:
    return in_member(member)


@pytest.fixture
def local_now(local_aws: dict[str, Any]) -> Callable[[], datetime]:
    clock = local_aws["clock"]
    return ScaledClock(clock["origin"], clock["scale"])


def test_a_session_is_listed_looked_at_and_stopped(
    guardian: Aws, aws: Boto, target: Target, eventually: Eventually
) -> None:
    start_session(aws, target.account, Tags={"owner": "ana"})
    eventually(lambda: status_of(guardian, target, "preview") == "READY")

    (candidate,) = guardian.members.candidates(GLUE, target)
    seen = guardian.members.look(GLUE, target, "preview", None)
    guardian.members.stop(GLUE, target, "preview")

    assert (candidate.id, candidate.status) == ("preview", "READY")
    assert candidate.started == moment(pick(seen, GLUE.start))
    assert tags_of(GLUE, seen) == {"owner": "ana"}
    assert seen.keys() == {"session", "tags"}
    eventually(lambda: status_of(guardian, target, "preview") == "STOPPED")


def test_an_id_of_any_characters_is_passed_as_it_is(
    guardian: Aws, aws: Boto, target: Target, eventually: Eventually
) -> None:
    start_session(aws, target.account, HOSTILE)
    (candidate,) = guardian.members.candidates(GLUE, target)
    assert candidate.id == HOSTILE
    eventually(lambda: status_of(guardian, target, HOSTILE) == "READY")
    guardian.members.stop(GLUE, target, HOSTILE)


def test_what_is_gone_is_not_found(guardian: Aws, target: Target) -> None:
    for kind in (GLUE, NOTEBOOK, CLUSTER):
        with pytest.raises(NotFound):
            guardian.members.look(kind, target, "j-1234567890123", None)


def test_a_later_read_that_finds_nothing_does_not_make_it_gone(
    guardian: Aws, aws: Boto, target: Target, http: HttpCall
) -> None:
    start_session(aws, target.account)
    ask_for_fault(http, "glue", operation="GetTags", error="EntityNotFoundException")
    with pytest.raises(Refused, match="glue:GetTags"):
        guardian.members.look(GLUE, target, "preview", None)


def test_a_notebook_is_looked_at_with_its_tags(
    guardian: Aws, aws: Boto, target: Target, eventually: Eventually
) -> None:
    aws("sagemaker", account=target.account).create_notebook_instance(
        NotebookInstanceName="Churn",
        InstanceType="ml.t3.medium",
        RoleArn=f"arn:aws:iam::{target.account}:role/SageMaker",
        Tags=[{"Key": "owner", "Value": "ana"}],
    )
    (candidate,) = eventually(lambda: list(guardian.members.candidates(NOTEBOOK, target)))
    seen = guardian.members.look(NOTEBOOK, target, candidate.id, None)
    assert tags_of(NOTEBOOK, seen) == {"owner": "ana"}
    guardian.members.stop(NOTEBOOK, target, candidate.id)
    eventually(
        lambda: (
            text(guardian.members.look(NOTEBOOK, target, "Churn", None), NOTEBOOK.status)
            == "Stopped"
        )
    )


def run_cluster(aws: Boto, account: str) -> str:
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    started = aws("emr", account=account).run_job_flow(
        Name="adhoc",
        ReleaseLabel="emr-7.10.0",
        Instances={"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True},
    )
    return str(started["JobFlowId"])


@pytest.mark.slow
def test_an_idle_clusters_samples_are_read_in_the_window_asked_for(
    guardian: Aws,
    aws: Boto,
    target: Target,
    eventually: Eventually,
    local_now: Callable[[], datetime],
) -> None:
    cluster = run_cluster(aws, target.account)

    def idle_samples() -> Document | None:
        now = local_now()
        seen = guardian.members.look(CLUSTER, target, cluster, (now - timedelta(hours=1), now))
        return seen if pick(seen, SAMPLES) else None

    seen = eventually(idle_samples)
    assert pick(seen, "groups.InstanceGroups[].InstanceType") == ["m5.xlarge"]
    assert "idle" not in guardian.members.look(CLUSTER, target, cluster, None)


def test_all_pages_of_a_listing_are_read(guardian: Aws, aws: Boto, target: Target) -> None:
    two_a_page = replace(
        GLUE.listing, call=replace(GLUE.listing.call, arguments={"MaxResults": 2})
    )
    names = {start_session(aws, target.account, name) for name in "abcde"}
    found = guardian.members.candidates(replace(GLUE, listing=two_a_page), target)
    assert {candidate.id for candidate in found} == names


def test_who_started_it_is_found_in_the_event_history(
    guardian: Aws, aws: Boto, target: Target
) -> None:
    start_session(aws, target.account, "another")
    start_session(aws, target.account)
    (started,) = {
        c.started for c in guardian.members.candidates(GLUE, target) if c.id == "preview"
    }
    assert started is not None
    role = f"arn:aws:iam::{target.account}:role/OrganizationAccountAccessRole"
    session = f"arn:aws:sts::{target.account}:assumed-role/OrganizationAccountAccessRole/tests"
    assert guardian.members.origin(GLUE, target, "preview", started) == Origin(
        (session, role), "tests"
    )
    assert guardian.members.origin(GLUE, target, "nobody's", started) is None
    assert guardian.members.origin(GLUE, target, "preview", started - timedelta(days=1)) is None


def test_what_the_start_request_said_of_its_origin_is_found_with_who_made_it(
    guardian: Aws, aws: Boto, target: Target
) -> None:
    start_session(aws, target.account, RequestOrigin="GlueStudioNotebook")
    start_session(aws, target.account, "silent")
    started = {c.id: c.started for c in guardian.members.candidates(GLUE, target)}
    origins = {}
    for name, moment_of_start in started.items():
        assert moment_of_start is not None
        found = guardian.members.origin(GLUE, target, name, moment_of_start)
        origins[name] = found.origin if found else None
    assert origins == {"preview": "GlueStudioNotebook", "silent": ""}


def test_the_hubs_own_account_is_governed_without_a_role(
    guardian: Aws, aws: Boto, target: Target
) -> None:
    start_session(aws, target.account, "theirs")
    aws("glue").create_session(
        Id="ours", Role="arn:aws:iam::1:role/G", Command={"Name": "glueetl"}
    )
    found = guardian.members.candidates(GLUE, in_member(HUB))
    assert [candidate.id for candidate in found] == ["ours"]


def test_an_account_that_does_not_let_guardian_in_is_denied_with_the_role_it_wants(
    guardian: Aws, aws: Boto
) -> None:
    stranger = in_member(new_account(aws, "stranger"))
    with pytest.raises(AccessDenied, match=r"^sts:AssumeRole in .*role/guardian-member"):
        list(guardian.members.candidates(GLUE, stranger))


@pytest.mark.slow
def test_threads_never_mix_up_accounts_though_they_share_clients(
    guardian: Aws, aws: Boto, governed: Callable[[str], str]
) -> None:
    accounts = [governed(f"account-{number}") for number in range(4)]
    for account in accounts:
        start_session(aws, account, f"of-{account}")

    def own(account: str) -> list[str]:
        return [c.id for c in guardian.members.candidates(GLUE, in_member(account))]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(own, accounts * 10))
    assert found == [[f"of-{account}"] for account in accounts * 10]


def made(http: HttpCall) -> dict[str, int]:
    """How often each operation was called."""
    return {call["operation"]: call["count"] for call in http("GET", "/localaws/calls")}


@pytest.mark.slow
def test_the_role_of_an_account_is_assumed_once_however_many_ask(
    guardian: Aws, target: Target, http: HttpCall
) -> None:
    http("DELETE", "/localaws/calls")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: list(guardian.members.candidates(GLUE, target)), range(16)))
    assert made(http) == {"GetCallerIdentity": 1, "AssumeRole": 1, "ListSessions": 16}


def test_credentials_that_are_refused_are_not_used_again(
    guardian: Aws, target: Target, http: HttpCall
) -> None:
    ask_for_fault(http, "glue", operation="ListSessions", error="ExpiredTokenException")
    with pytest.raises(AccessDenied):
        list(guardian.members.candidates(GLUE, target))
    http("DELETE", "/localaws/calls")
    assert list(guardian.members.candidates(GLUE, target)) == []
    assert made(http) == {"AssumeRole": 1, "ListSessions": 1}


class Sts:
    """Gives credentials of an hour, and counts."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
        self.given = 0

    def assume(self, account: AccountId) -> Assumed:
        self.given += 1
        keys = ReadOnlyCredentials(f"key-{self.given}", "secret", "token", account)
        return Assumed(keys, self.now + timedelta(hours=1))


def test_a_session_is_renewed_five_minutes_before_its_end() -> None:
    sts = Sts()
    sessions = MemberSessions(sts.assume, lambda: sts.now)
    account = AccountId("111122223333")
    used = []
    for minutes in (0, 54, 1, 54):
        sts.now += timedelta(minutes=minutes)
        used.append(sessions.of(account).access_key)
    assert used == ["key-1", "key-1", "key-2", "key-2"]


def test_threads_that_ask_at_once_share_one_session() -> None:
    sts, together = Sts(), Barrier(8)
    sessions = MemberSessions(sts.assume, lambda: sts.now)

    def ask(_: int) -> str | None:
        together.wait(timeout=10)
        return sessions.of(AccountId("111122223333")).access_key

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {"key-1"}


def test_a_user_is_known_by_its_own_name_only() -> None:
    arn = "arn:aws:iam::111122223333:user/ana"
    assert origin_of({"userIdentity": {"arn": arn}}, START) == Origin((arn,), "ana")


def test_a_role_with_a_path_is_known_by_all_its_names() -> None:
    session = "arn:aws:sts::111122223333:assumed-role/Analyst/ana@example.com"
    issuer = "arn:aws:iam::111122223333:role/aws-reserved/sso/Analyst"
    user: Json = {"arn": session, "sessionContext": {"sessionIssuer": {"arn": issuer}}}
    assert origin_of({"userIdentity": user}, START) == Origin(
        (session, issuer, "arn:aws:iam::111122223333:role/Analyst"), "ana@example.com"
    )


def test_a_service_without_an_arn_owns_nothing() -> None:
    caller = {"userIdentity": {"type": "AWSService", "invokedBy": "airflow.amazonaws.com"}}
    assert origin_of(caller, START) == Origin((), "")


@pytest.mark.parametrize(
    ("record", "start", "origin"),
    [
        (
            {"requestParameters": {"requestOrigin": "GlueStudioNotebook"}},
            START,
            "GlueStudioNotebook",
        ),
        ({"requestParameters": {"requestOrigin": 7}}, START, ""),
        ({"requestParameters": None}, START, ""),
        ({"requestParameters": {"requestOrigin": "GlueStudioNotebook"}}, CLUSTER_START, ""),
    ],
    ids=["told", "no text", "no parameters", "no such parameter"],
)
def test_the_origin_is_what_the_request_said(record: Json, start: StartEvent, origin: str) -> None:
    assert origin_of(record, start).origin == origin


@pytest.mark.parametrize("arn", ["", "arn:aws:iam::1:user/x", "arn:aws:sts::1:federated-user/x"])
def test_only_an_assumed_role_has_a_role(arn: str) -> None:
    assert role_of(arn) == ""


def test_a_read_that_only_serves_the_price_may_fail(
    guardian: Aws, aws: Boto, http: HttpCall, target: Target
) -> None:
    cluster = run_cluster(aws, target.account)
    refusal = {"error": "InvalidRequestException", "status": 400, "times": 9}
    ask_for_fault(http, "emr", operation="ListInstanceGroups", **refusal)

    seen = guardian.members.look(CLUSTER, target, cluster, None)

    assert seen.keys() == {"cluster"}
