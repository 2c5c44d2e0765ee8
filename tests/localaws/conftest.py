"""One local AWS per test process, forgotten between tests, and boto3 clients of it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Protocol, TypeVar

import boto3
import pytest
from botocore.config import Config

SCALE = 0.01
CONFIG = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)

T = TypeVar("T")


class Aws(Protocol):
    """A boto3 client; without an account it belongs to the management account."""

    def __call__(
        self, service: str, region: str = "eu-west-1", account: str | None = None
    ) -> Any: ...


class Eventually(Protocol):
    """Ask until the answer is truthy; answers it. Asks at least twice, fails after `within` s."""

    def __call__(self, ask: Callable[[], T], within: float = 10.0) -> T: ...


class HttpCall(Protocol):
    """Call a path of local AWS itself, not of a service; answers the decoded JSON."""

    def __call__(self, method: str, path: str, body: object = None) -> Any: ...


@pytest.fixture(scope="session")
def local_aws() -> Iterator[dict[str, Any]]:
    """Start the server as people do; answers what it printed when it was ready."""
    command = [
        sys.executable,
        "-m",
        "guardian.localaws",
        "--port",
        "0",
        "--time-scale",
        str(SCALE),
    ]
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean) as server:  # noqa: S603 - our own command
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture(scope="session")
def endpoint(local_aws: dict[str, Any]) -> str:
    return str(local_aws["endpoint"])


@pytest.fixture(scope="session")
def http(endpoint: str) -> HttpCall:
    def call(method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(endpoint + path, data, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    return call


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> Iterator[None]:
    if "endpoint" not in request.fixturenames:
        yield
        return
    http = request.getfixturevalue("http")
    yield
    http("POST", "/moto-api/reset")


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Aws:
    # One session makes all clients, and those of the management account are made once: each takes milliseconds.
    make: Any = boto3.Session("test", "test").client  # the name of the service is not known before

    @cache
    def own(service: str, region: str) -> Any:
        return make(service, region_name=region, endpoint_url=endpoint, config=CONFIG)

    def client(service: str, region: str = "eu-west-1", account: str | None = None) -> Any:
        if account is None:
            return own(service, region)
        given = own("sts", "eu-west-1").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole",
            RoleSessionName="tests",
        )["Credentials"]
        return make(
            service,
            region_name=region,
            endpoint_url=endpoint,
            config=CONFIG,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return client


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    def ask_until(ask: Callable[[], T], within: float = 10.0) -> T:
        deadline = time.monotonic() + within
        while not (answer := ask()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answer, f"still {answer!r} after {within} s"
        return answer

    return ask_until


@pytest.fixture
def member(aws: Aws) -> str:
    """The id of a member account of a new organization."""
    return new_account(aws, "member")


def new_account(aws: Aws, name: str) -> str:
    """Create an account in the organization, which is made if need be; answers its id."""
    organizations = aws("organizations", "us-east-1")
    try:
        organizations.describe_organization()
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        organizations.create_organization(FeatureSet="ALL")
    status = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
    return str(status["CreateAccountStatus"]["AccountId"])


@pytest.fixture
def account_named(aws: Aws) -> Callable[[str], str]:
    """Creates an account in the organization; answers its id."""
    return lambda name: new_account(aws, name)
