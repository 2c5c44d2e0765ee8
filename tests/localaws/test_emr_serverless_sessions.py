"""Interactive sessions of EMR Serverless live as AWS's do."""

from datetime import timedelta
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually, HttpCall
from tests.localaws.emr_serverless import Application, Make, refused


@pytest.fixture
def make(aws: Aws, eventually: Eventually, http: HttpCall) -> Make:
    """Creates an application, with sessions enabled."""
    return lambda **changes: Application(aws("emr-serverless"), eventually, http, **changes)


def test_a_session_starts_its_application_and_becomes_idle(make: Make) -> None:
    application = make().becomes("CREATED")
    session = application.session(name="ana", idleTimeoutMinutes=600)
    assert application.state() in ("STARTING", "STARTED")
    assert application.get_session(session)["state"] in ("SUBMITTED", "STARTING")
    found = application.session_becomes(session, "IDLE")
    assert application.state() == "STARTED"
    assert found["idleSince"] >= found["startedAt"] > found["createdAt"]
    assert found["idleTimeoutMinutes"] == 600
    assert found["createdBy"] == "arn:aws:iam::123456789012:root"
    assert found["arn"] == f"{application.arn}/sessions/{session}"


def test_a_session_idles_for_an_hour_unless_it_says_otherwise(make: Make) -> None:
    application = make().becomes("CREATED")
    assert application.get_session(application.session())["idleTimeoutMinutes"] == 60


def test_a_session_is_terminated(make: Make) -> None:
    application = make().becomes("CREATED")
    session = application.session()
    which = {"applicationId": application.id, "sessionId": session}
    application.session_becomes(session, "IDLE")
    assert application.api.terminate_session(**which)["sessionId"] == session
    assert application.get_session(session)["state"] in ("TERMINATING", "TERMINATED")
    found = application.session_becomes(session, "TERMINATED")
    assert found["endedAt"] > found["startedAt"]
    assert "idleSince" not in found
    code, _ = refused(lambda: application.api.terminate_session(**which))
    assert code == "ValidationException"


@pytest.mark.slow
def test_an_idle_session_ends_by_its_timeout_and_work_delays_that(make: Make) -> None:
    application = make().becomes("CREATED")
    idle, busy = (application.session(idleTimeoutMinutes=2) for _ in range(2))
    application.session_becomes(busy, "IDLE")
    assert application.make_busy(busy, 90)["state"] == "BUSY"
    assert "idleSince" not in application.get_session(busy)
    ended = application.session_becomes(idle, "TERMINATED")
    assert ended["endedAt"] - ended["startedAt"] == timedelta(seconds=1 + 120 + 5)
    later = application.session_becomes(busy, "TERMINATED")
    assert later["endedAt"] - later["startedAt"] >= timedelta(seconds=90 + 120 + 5)


@pytest.mark.slow
def test_a_busy_session_becomes_idle_again(make: Make) -> None:
    application = make().becomes("CREATED")
    session = application.session()
    before = application.session_becomes(session, "IDLE")["idleSince"]
    assert application.make_busy(session, 40)["state"] == "BUSY"
    after = application.session_becomes(session, "IDLE")["idleSince"]
    assert after - before >= timedelta(seconds=40)


@pytest.mark.slow
def test_an_application_is_not_stopped_while_a_session_or_job_run_is_active(
    make: Make, eventually: Eventually
) -> None:
    application = make().becomes("CREATED")
    session, run = application.session(), application.job_run(mode="STREAMING")
    application.session_becomes(session, "IDLE")
    api, which = application.api, {"applicationId": application.id}
    code, message = refused(lambda: api.stop_application(**which))
    assert code == "ValidationException"
    assert session in message
    api.terminate_session(**which, sessionId=session)
    application.session_becomes(session, "TERMINATED")
    assert run in refused(lambda: api.stop_application(**which))[1]
    api.cancel_job_run(**which, jobRunId=run)
    eventually(lambda: application.job_state(run) == "CANCELLED")
    api.stop_application(**which)
    application.becomes("STOPPED")


@pytest.mark.slow
def test_an_active_session_keeps_its_application_from_stopping_by_itself(make: Make) -> None:
    application = make(autoStopConfiguration={"idleTimeoutMinutes": 2}).becomes("CREATED")
    session = application.session(idleTimeoutMinutes=2)
    ended = application.session_becomes(session, "TERMINATED")["endedAt"]
    assert application.state() == "STARTED"
    application.becomes("STOPPED")
    assert application.get()["updatedAt"] - ended == timedelta(minutes=2, seconds=20)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"interactiveConfiguration": {"sessionEnabled": False}}, "ValidationException"),
        ({"releaseLabel": "emr-7.12.0"}, "ValidationException"),
        ({"type": "HIVE"}, "ValidationException"),
        ({"autoStartConfiguration": {"enabled": False}}, "ValidationException"),
    ],
)
def test_an_application_that_cannot_have_sessions_refuses_them(
    make: Make, changes: dict[str, Any], error: str
) -> None:
    application = make(**changes).becomes("CREATED")
    assert refused(application.session)[0] == error
    assert application.state() == "CREATED"


def test_an_application_has_at_most_25_sessions(make: Make) -> None:
    application = make().becomes("CREATED")
    for _ in range(25):
        application.session()
    assert refused(application.session)[0] == "ServiceQuotaExceededException"


def test_sessions_of_one_client_token_are_one(make: Make) -> None:
    application = make().becomes("CREATED")
    assert application.session(clientToken="t") == application.session(clientToken="t")
    code, _ = refused(lambda: application.session(clientToken="t", name="other"))
    assert code == "ConflictException"


def test_sessions_are_listed_by_state_and_date_in_pages(make: Make) -> None:
    application, other = make().becomes("CREATED"), make().becomes("CREATED")
    made = [application.session(name=str(number)) for number in range(3)]
    other.session()
    application.session_becomes(made[0], "IDLE")
    which = {"applicationId": application.id}
    application.api.terminate_session(**which, sessionId=made[0])
    application.session_becomes(made[0], "TERMINATED")

    def listed(**request: Any) -> list[str]:
        pages = application.api.get_paginator("list_sessions").paginate(
            **which, **request, PaginationConfig={"PageSize": 1}
        )
        return [found["sessionId"] for page in pages for found in page["sessions"]]

    assert listed() == made[::-1]
    assert listed(states=["IDLE", "BUSY"]) == [made[2], made[1]]
    created = application.get_session(made[1])["createdAt"]
    assert listed(createdAtBefore=created) == [made[0]]
    assert listed(createdAtAfter=created) == [made[2], made[1]]


def test_an_unknown_session_is_not_found(make: Make) -> None:
    application = make()
    code, _ = refused(lambda: application.get_session("none"))
    assert code == "ResourceNotFoundException"


def test_a_session_that_is_not_ready_cannot_be_made_busy(make: Make, http: HttpCall) -> None:
    application = make().becomes("CREATED")
    for body in (
        {"session": application.session(), "seconds": 10},
        {"session": "none", "seconds": 10},
        {"seconds": -1},
    ):
        with pytest.raises(OSError, match="400"):
            http("POST", "/localaws/emr-serverless/sessions/busy", body)


def test_a_role_of_another_account_is_refused(make: Make) -> None:
    application = make().becomes("CREATED")
    role = "arn:aws:iam::999999999999:role/runtime"
    code, _ = refused(lambda: application.session(executionRoleArn=role))
    assert code == "AccessDeniedException"


def test_what_is_not_done_is_an_error(make: Make) -> None:
    application = make().becomes("CREATED")
    which = {"applicationId": application.id, "sessionId": application.session()}
    code, _ = refused(lambda: application.api.get_session_endpoint(**which))
    assert code == "NotImplemented"
