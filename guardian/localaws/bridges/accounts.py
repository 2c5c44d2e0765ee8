"""Access keys, callers and roles: who a request is from, and which role it may assume."""

import base64
import json
from typing import Any

from moto.core.exceptions import AccessDeniedError, ServiceException
from moto.iam import models as iam
from moto.iam.exceptions import NotFoundException
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from guardian.localaws.bridges.organizations import is_open, organization_of, path_of
from guardian.localaws.trust import Caller, may_assume
from guardian.localaws.world import MANAGEMENT_ACCOUNT, World

ACCOUNT_OFFSET = 1 << 39
CHAINED_LIMIT = 3600
"""Seconds that a session lasts at most when a session of a role asked for it."""


class ValidationError(ServiceException):
    code = "ValidationError"


class MalformedPolicyDocument(ServiceException):
    code = "MalformedPolicyDocument"


class Sessions(list[AssumedRole]):
    """The sessions of an account's roles, found by access key at once."""

    def __init__(self) -> None:
        super().__init__()
        self.by_key: dict[str, AssumedRole] = {}

    def append(self, session: AssumedRole) -> None:
        super().append(session)
        self.by_key[session.access_key_id] = session


class Sts(STSBackend):
    __module__ = STSBackend.__module__  # where moto looks for the paths it serves

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.assumed_roles = Sessions()

    def get_assumed_role_from_access_key(self, access_key_id: str) -> AssumedRole | None:
        return self.assumed_roles.by_key.get(access_key_id)

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        identity = super().get_caller_identity(access_key_id, region)
        if identity[1].endswith(":user/moto"):  # moto's word for keys it does not know
            root = f"arn:{self.partition}:iam::{self.account_id}:root"
            return self.account_id, root, self.account_id
        return identity


def install(_: World) -> None:
    """Let roles be assumed only by those they trust, and tell callers apart quickly."""
    iam.get_account_id_from = account_of
    sts_backends.backend = Sts
    TokenResponse.assume_role = _checked(TokenResponse.assume_role)


def account_of(access_key: str) -> str:
    """The account of an access key: AWS's keys, and moto's, say it themselves."""
    account = _encoded_account(access_key)
    if account and is_known(access_key):
        return account
    return MANAGEMENT_ACCOUNT


def is_known(access_key: str) -> bool:
    """Whether local AWS gave this key out, and has not forgotten it since."""
    account = _encoded_account(access_key)
    if account is None or account not in iam.iam_backends:
        return False
    partitions = list(iam.iam_backends[account].values())
    return any(access_key in backend.access_keys for backend in partitions)


def is_forgotten(access_key: str) -> bool:
    """Whether these are a session's keys of which local AWS knows nothing, or nothing any more."""
    return access_key.startswith("ASIA") and not is_known(access_key)


def principal_of(access_key: str) -> str:
    """The ARN of the role or user that has this access key."""
    account = account_of(access_key)
    backend = sts_backends[account]["aws"]
    session = backend.get_assumed_role_from_access_key(access_key)
    return str(session.role_arn if session else backend.get_caller_identity(access_key, "")[1])


def caller_of(access_key: str, partition: str = "aws") -> Caller:
    """Who a request with this access key is from."""
    account = account_of(access_key)
    backend = sts_backends[account][partition]
    session = backend.get_assumed_role_from_access_key(access_key)
    _, arn, _ = backend.get_caller_identity(access_key, "us-east-1")
    organization = organization_of(account)
    return Caller(
        account,
        arn,
        session.role_arn if session else arn,
        organization.org.id if organization else "",
        path_of(account),
        session is not None,
    )


def _encoded_account(access_key: str) -> str | None:
    if len(access_key) != 20 or not access_key.startswith(("ASIA", "AKIA")):  # noqa: PLR2004
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key[4:12])) - ACCOUNT_OFFSET
    except ValueError:
        return None
    odd = access_key[12] in "QRSTUVWXYZ234567"
    account = f"{2 * number + odd:012d}"
    return account if number >= 0 and len(account) == 12 else None  # noqa: PLR2004


def _checked(assume_role: Any) -> Any:
    def assume_if_trusted(response: Any) -> Any:
        caller = caller_of(response.get_access_key(), response.partition)
        role = _role(response, caller)
        _check_duration(response, role, caller)
        policy = response._get_param("Policy")
        if policy is not None:
            _check_json(policy)
        return assume_role(response)

    return assume_if_trusted


def _role(response: Any, caller: Caller) -> Any:
    arn = response._get_param("RoleArn")
    account = arn.split(":")[4] if arn.count(":") > 4 else ""  # noqa: PLR2004 - an ARN has six parts
    try:
        role = iam.iam_backends[account][response.partition].get_role_by_arn(arn)
    except (NotFoundException, KeyError):
        role = None
    external_id = response._get_param("ExternalId")
    if (
        role is None
        or not is_open(account)
        or not may_assume(_document(role), caller, external_id)
    ):
        raise AccessDeniedError(caller.arn, f"sts:AssumeRole on resource: {arn}")
    return role


def _document(role: Any) -> Any:
    document = role.assume_role_policy_document
    return json.loads(document) if isinstance(document, str) else document


def _check_duration(response: Any, role: Any, caller: Caller) -> None:
    seconds = response._get_int_param("DurationSeconds", CHAINED_LIMIT)
    if caller.is_session and seconds > CHAINED_LIMIT:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining"
        )
    if seconds > int(role.max_session_duration or CHAINED_LIMIT):
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _check_json(policy: str) -> None:
    try:
        json.loads(policy)
    except ValueError:
        raise MalformedPolicyDocument("The policy is not in the valid JSON format.") from None
