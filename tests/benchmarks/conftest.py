"""The backend of the benchmarks as a process, seeded anew for each test, and boto3 clients of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.backend.process import RunningBackend, Seeded, running_backend
from benchmarks.backend.seed import MEMBER_ROLE, Seed

HOME = "eu-west-1"
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=1)


@dataclass(frozen=True)
class Session:
    """Clients that sign with one set of credentials."""

    endpoint: str
    keys: Mapping[str, str]

    def client(self, service: str, region: str = HOME) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service
            region_name=region,
            endpoint_url=self.endpoint,
            config=CONFIG,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
        )


@dataclass(frozen=True)
class World:
    """A seeded backend."""

    backend: RunningBackend
    seeded: Seeded

    @property
    def accounts(self) -> list[str]:
        return list(self.seeded.accounts)

    @property
    def hub(self) -> Session:
        told = self.seeded.environment
        return Session(
            self.backend.endpoint,
            {
                "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
                "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": told["AWS_SESSION_TOKEN"],
            },
        )

    def assume(self, account: str, **more: object) -> Session:
        """The member role in an account."""
        arn = f"arn:aws:iam::{account}:role/{MEMBER_ROLE}"
        answer = self.hub.client("sts").assume_role(RoleArn=arn, RoleSessionName="tests", **more)
        return Session(self.backend.endpoint, answer["Credentials"])


Seeding = Callable[[Seed], World]


@pytest.fixture(scope="session")
def backend() -> Iterator[RunningBackend]:
    with running_backend() as running:
        yield running


@pytest.fixture
def seeded(backend: RunningBackend) -> Seeding:
    """Makes the backend's world anew."""
    return lambda seed: World(backend, backend.seed(seed))


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """Code and message of the error that a call must end in."""
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]
