from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually

ROLE = "arn:aws:iam::123456789012:role/Glue"
SESSION_ID = "glue-studio-datapreview-e09f88a9-4d7f-4e64-95f2-e435fbd1963a"
FOUNDING = {
    "Id": SESSION_ID,
    "Command": {"Name": "glueetl", "PythonVersion": "3"},
    "IdleTimeout": 30,
    "MaxCapacity": 2,
    "GlueVersion": "4.0",
    "RequestOrigin": "GlueStudioDataPreview",
}
HOSTILE_IDS = [
    'it\'s "quoted"',
    "<!channel> <script>alert(1)</script>",
    "a/b:session/c",
    "\N{SNOWMAN} \N{PARTY POPPER} &amp; 100%25 a+b?c=d&e",
    "{% $states.input %} ${AWS::AccountId} \\n",
    "x" * 255,
]


def create(glue: Any, **changes: Any) -> dict[str, Any]:
    request = FOUNDING | {"Role": ROLE} | changes
    session: dict[str, Any] = glue.create_session(**request)["Session"]
    return session


def status(glue: Any, session_id: str = SESSION_ID) -> str:
    return str(glue.get_session(Id=session_id)["Session"]["Status"])


def ready(glue: Any, eventually: Eventually, **changes: Any) -> str:
    session_id = str(create(glue, **changes)["Id"])
    eventually(lambda: status(glue, session_id) == "READY")
    return session_id


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_session_is_answered_as_it_was_asked_for(aws: Aws) -> None:
    session = create(aws("glue"))
    assert session["Id"] == SESSION_ID
    assert session["Status"] == "PROVISIONING"
    assert session["Command"] == FOUNDING["Command"]
    assert (session["MaxCapacity"], session["IdleTimeout"]) == (2.0, 30)


def test_the_role_may_be_missing_as_in_the_founding_event(endpoint: str) -> None:
    glue: Any = boto3.Session("test", "test", region_name="eu-west-1").client(
        "glue", endpoint_url=endpoint, config=Config(parameter_validation=False)
    )
    assert glue.create_session(**FOUNDING)["Session"]["Status"] == "PROVISIONING"


def test_workers_make_the_capacity(aws: Aws) -> None:
    glue = aws("glue")
    request = {k: v for k, v in FOUNDING.items() if k not in ("MaxCapacity", "IdleTimeout")}
    session = glue.create_session(
        **request, Role=ROLE, NumberOfWorkers=10, WorkerType="G.2X", Timeout=600
    )["Session"]
    assert session["MaxCapacity"] == 20.0
    assert session["IdleTimeout"] == 600


def test_capacity_and_workers_together_are_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as error:
        create(aws("glue"), NumberOfWorkers=2)
    assert code(error) == "InvalidInputException"


def test_a_session_becomes_ready_and_is_stopped(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = ready(glue, eventually)
    assert glue.stop_session(Id=session_id)["Id"] == session_id
    assert status(glue) in ("STOPPING", "STOPPED")
    eventually(lambda: status(glue) == "STOPPED")
    session = glue.get_session(Id=session_id)["Session"]
    lasted = (session["CompletedOn"] - session["CreatedOn"]).total_seconds()
    assert session["ExecutionTime"] == pytest.approx(lasted - 20, abs=0.01)
    assert session["DPUSeconds"] == pytest.approx(session["ExecutionTime"] * 2)


def test_a_session_that_is_not_ready_cannot_be_stopped(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    create(glue)
    with pytest.raises(glue.exceptions.IllegalSessionStateException, match="PROVISIONING status"):
        glue.stop_session(Id=SESSION_ID)
    eventually(lambda: status(glue) == "READY")
    glue.stop_session(Id=SESSION_ID)
    with pytest.raises(glue.exceptions.IllegalSessionStateException, match="STOPP"):
        glue.stop_session(Id=SESSION_ID)


def test_an_idle_session_times_out(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = str(create(glue, IdleTimeout=1)["Id"])
    eventually(lambda: status(glue, session_id) == "TIMEOUT")
    session = glue.get_session(Id=session_id)["Session"]
    assert session["ExecutionTime"] == pytest.approx(60)


@pytest.mark.slow
def test_a_statement_keeps_a_session_from_timing_out(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = ready(glue, eventually, IdleTimeout=1)
    statement = glue.run_statement(SessionId=session_id, Code="time.sleep(90)")["Id"]
    found = glue.get_statement(SessionId=session_id, Id=statement)["Statement"]
    assert found["State"] == "RUNNING"
    eventually(lambda: status(glue, session_id) == "TIMEOUT")
    session = glue.get_session(Id=session_id)["Session"]
    assert session["ExecutionTime"] > 150


def test_statements_run_one_after_another(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = ready(glue, eventually)
    for text in ("sleep(40)", "print(1)"):
        glue.run_statement(SessionId=session_id, Code=text)

    def statements() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = glue.list_statements(SessionId=session_id)["Statements"]
        return found

    assert [statement["State"] for statement in statements()] == ["RUNNING", "WAITING"]
    eventually(lambda: {s["State"] for s in statements()} == {"AVAILABLE"})
    first, second = statements()
    assert first["CompletedOn"] - first["StartedOn"] == pytest.approx(40_000, abs=1)
    assert second["StartedOn"] == first["CompletedOn"]


def test_a_statement_can_be_cancelled(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = ready(glue, eventually)
    statement = glue.run_statement(SessionId=session_id, Code="sleep(600)")["Id"]
    glue.cancel_statement(SessionId=session_id, Id=statement)
    found = glue.get_statement(SessionId=session_id, Id=statement)["Statement"]
    assert found["State"] == "CANCELLED"


@pytest.mark.parametrize("session_id", HOSTILE_IDS)
def test_any_id_comes_back_as_it_was_given(
    aws: Aws, eventually: Eventually, session_id: str
) -> None:
    glue = aws("glue")
    assert ready(glue, eventually, Id=session_id, Tags={"owner": "ana"}) == session_id
    assert glue.list_sessions()["Ids"] == [session_id]
    arn = f"arn:aws:glue:eu-west-1:123456789012:session/{session_id}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"guardian": "keep"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"owner": "ana", "guardian": "keep"}
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["owner"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"guardian": "keep"}
    assert glue.stop_session(Id=session_id)["Id"] == session_id


def test_an_id_that_is_too_long_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as error:
        create(aws("glue"), Id="x" * 256)
    assert code(error) == "ValidationException"


def test_the_same_id_twice_is_refused(aws: Aws) -> None:
    glue = aws("glue")
    create(glue)
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        create(glue)


def test_an_unknown_session_is_named_by_the_error_each_call_declares(aws: Aws) -> None:
    glue = aws("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_session(Id="gone")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_tags(ResourceArn="arn:aws:glue:eu-west-1:123456789012:session/gone")
    with pytest.raises(glue.exceptions.InvalidInputException):
        glue.stop_session(Id="gone")


def test_a_deleted_session_leaves_nothing(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    session_id = ready(glue, eventually)
    glue.delete_session(Id=session_id)
    assert glue.list_sessions()["Sessions"] == []


def test_lists_are_paged_and_filtered(aws: Aws) -> None:
    glue = aws("glue")
    for number in range(5):
        origin = "Studio" if number % 2 else "Jupyter"
        create(glue, Id=f"s{number}", RequestOrigin=origin, Tags={"number": str(number)})
    ids: list[str] = []
    page = glue.list_sessions(MaxResults=2)
    while True:
        assert [session["Id"] for session in page["Sessions"]] == page["Ids"]
        ids += page["Ids"]
        if "NextToken" not in page:
            break
        page = glue.list_sessions(MaxResults=2, NextToken=page["NextToken"])
    assert ids == ["s0", "s1", "s2", "s3", "s4"]
    assert glue.list_sessions(RequestOrigin="Studio")["Ids"] == ["s1", "s3"]
    assert glue.list_sessions(Tags={"number": "4"})["Ids"] == ["s4"]


def test_stopped_sessions_stay_listed(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    glue.stop_session(Id=ready(glue, eventually))
    eventually(lambda: glue.list_sessions()["Sessions"][0]["Status"] == "STOPPED")


def test_accounts_and_regions_do_not_see_each_other(aws: Aws, member: str) -> None:
    create(aws("glue"))
    assert aws("glue", "us-east-1").list_sessions()["Ids"] == []
    assert aws("glue", account=member).list_sessions()["Ids"] == []
