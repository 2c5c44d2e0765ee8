"""The process: what it says when it starts, how it stops, what it refuses."""

import json
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.localaws.conftest import Aws, HttpCall


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "guardian.localaws", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_when_asked(stop: signal.Signals) -> None:
    with start("--port", "0", "--time-scale", "0.5") as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        socket.create_connection(("127.0.0.1", ready["port"])).close()
        server.send_signal(stop)
        rest, complaints = server.communicate(timeout=60)
    assert ready["endpoint"] == f"http://127.0.0.1:{ready['port']}"
    assert ready["clock"]["scale"] == 0.5
    assert (server.returncode, rest, complaints) == (0, "", "")


def test_a_port_in_use_is_one_line_and_exit_code_2(local_aws: dict[str, Any]) -> None:
    with start("--port", str(local_aws["port"])) as server:
        out, complaints = server.communicate(timeout=60)
    assert (server.returncode, out) == (2, "")
    assert complaints == (
        f"local AWS: cannot listen on 127.0.0.1:{local_aws['port']}: Address already in use\n"
    )


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf"])
def test_a_time_scale_that_is_not_above_0_is_refused(scale: str) -> None:
    with start("--time-scale", scale) as server:
        out, complaints = server.communicate(timeout=60)
    assert (server.returncode, out) == (2, "")
    assert complaints.startswith("local AWS: the time scale must be above 0")


def test_a_reset_forgets_the_organization(aws: Aws, member: str, http: HttpCall) -> None:
    organizations = aws("organizations", "us-east-1")
    assert member in {account["Id"] for account in organizations.list_accounts()["Accounts"]}
    http("POST", "/moto-api/reset")
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        organizations.describe_organization()
