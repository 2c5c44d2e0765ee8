"""An EMR Serverless application in short."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Eventually, HttpCall

ROLE = "arn:aws:iam::123456789012:role/runtime"
SESSIONS = {"sessionEnabled": True}


class Application:
    """One application of a test, and what happens to it."""

    def __init__(self, api: Any, eventually: Eventually, http: HttpCall, **changes: Any) -> None:
        request = {
            "name": "adhoc",
            "releaseLabel": "emr-7.13.0",
            "type": "SPARK",
            "interactiveConfiguration": SESSIONS,
            **changes,
        }
        made = api.create_application(**request)
        self.api, self.id, self.arn = api, made["applicationId"], made["arn"]
        self._eventually, self._http = eventually, http

    def state(self) -> str:
        return str(self.get()["state"])

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get_application(applicationId=self.id)["application"]
        return found

    def becomes(self, state: str) -> "Application":
        self._eventually(lambda: self.state() == state)
        return self

    def started(self) -> "Application":
        self.becomes("CREATED")
        self.api.start_application(applicationId=self.id)
        return self.becomes("STARTED")

    def session(self, **changes: Any) -> str:
        request = {"applicationId": self.id, "executionRoleArn": ROLE, **changes}
        return str(self.api.start_session(**request)["sessionId"])

    def get_session(self, session: str) -> dict[str, Any]:
        answer = self.api.get_session(applicationId=self.id, sessionId=session)
        found: dict[str, Any] = answer["session"]
        return found

    def session_becomes(self, session: str, state: str) -> dict[str, Any]:
        self._eventually(lambda: self.get_session(session)["state"] == state)
        return self.get_session(session)

    def make_busy(self, session: str, seconds: float) -> Any:
        body = {"session": session, "seconds": seconds}
        return self._http("POST", "/localaws/emr-serverless/sessions/busy", body)

    def job_run(self, *arguments: str, **changes: Any) -> str:
        spark = {"entryPoint": "s3://code/job.py", "entryPointArguments": list(arguments)}
        request = {"applicationId": self.id, "executionRoleArn": ROLE, **changes}
        return str(self.api.start_job_run(**request, jobDriver={"sparkSubmit": spark})["jobRunId"])

    def job_state(self, run: str) -> str:
        answer = self.api.get_job_run(applicationId=self.id, jobRunId=run)
        return str(answer["jobRun"]["state"])


Make = Callable[..., Application]


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the words with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]
