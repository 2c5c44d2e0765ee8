"""The boto3 clients with which state machines call services: over HTTP, as the machine's role."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials

from guardian.localaws.clock import iso
from guardian.localaws.world import World

# Step Functions names a service by its SDK module; where boto3 has another name:
BOTO_NAMES = {
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "emrcontainers": "emr-containers",
    "emrserverless": "emr-serverless",
    "eventbridge": "events",
    "servicequotas": "service-quotas",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}


def boto_name(sfn_name: str) -> str:
    """What boto3 calls the service that Step Functions calls `sfn_name`."""
    return BOTO_NAMES.get(sfn_name.lower(), sfn_name.lower())


@dataclass(frozen=True)
class RoleSession:
    """An assumed role and the keys that act for it."""

    role_arn: str
    keys: ReadOnlyCredentials


class _KeysOfThisThread(Credentials):
    """Credentials that are chosen per call, so that one client serves every role."""

    def __init__(self) -> None:
        super().__init__("none", "none")
        self._chosen = threading.local()

    def choose(self, keys: ReadOnlyCredentials) -> None:
        self._chosen.keys = keys

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        keys: ReadOnlyCredentials = self._chosen.keys
        return keys


class TaskClients:
    """One boto3 client per service and region; building one takes long and is not thread-safe."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._keys = _KeysOfThisThread()
        self._clients: dict[tuple[str, str], Any] = {}
        self._sessions: dict[str, RoleSession] = {}
        session = botocore.session.Session()
        session._credentials = self._keys  # type: ignore[attr-defined]  # else it searches the machine for keys
        self._session = boto3.Session(botocore_session=session)

    def __call__(self, region: str, service: str, state_credentials: Any) -> "TaskClient":
        """What moto's state machines ask for; it has the signature of `boto_client_for`."""
        with self._lock:
            client = self._client(boto_name(service), region)
            session = self._assume(state_credentials.role_arn, region)
        return TaskClient(client, self._keys, session)

    def forget(self) -> None:
        """Drop the sessions of roles, which a reset made void."""
        self._sessions.clear()

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(  # type: ignore[call-overload]  # any service
                service,
                region_name=region,
                endpoint_url=self._world.endpoint,
                config=Config(
                    parameter_validation=False,
                    inject_host_prefix=False,
                    max_pool_connections=64,
                    retries={"total_max_attempts": 1},
                ),
            )
        return self._clients[service, region]

    def _assume(self, role_arn: str, region: str) -> RoleSession:
        if role_arn not in self._sessions:
            from moto.sts.models import sts_backends
            from moto.utilities.utils import get_partition

            account = role_arn.split(":")[4]
            assumed = sts_backends[account][get_partition(region)].assume_role(
                region_name=region,
                role_session_name=hashlib.sha256(role_arn.encode()).hexdigest()[:32],
                role_arn=role_arn,
                policy=None,
                duration=3600,
                external_id=None,
            )
            self._sessions[role_arn] = RoleSession(
                role_arn,
                ReadOnlyCredentials(
                    assumed.access_key_id, assumed.secret_access_key, assumed.session_token
                ),
            )
        return self._sessions[role_arn]


class TaskClient:
    """A boto3 client whose calls are made by one role and answer plain JSON values."""

    def __init__(self, client: Any, keys: _KeysOfThisThread, session: RoleSession) -> None:
        self._client = client
        self._keys = keys
        self._session = session

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._client, method)

        def call_as_role(**arguments: Any) -> Any:
            self._keys.choose(self._session.keys)
            return plain(call(**arguments))

        return call_as_role


def plain(value: Any) -> Any:
    """Turn what boto3 answers into JSON values; a date becomes what Step Functions shows."""
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, datetime):
        return iso(value)
    return value
