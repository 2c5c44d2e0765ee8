"""Who made a call: the `userIdentity` of its record."""

import hashlib
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition


def user_identity(account: str, region: str, access_key: str) -> dict[str, Any]:
    """A role's session, a user, or the account itself for keys that nobody issued."""
    partition = get_partition(region)
    session = sts_backends[account][partition].get_assumed_role_from_access_key(access_key)
    if session is not None:
        return _assumed_role(session, partition)
    user = iam_backends[account][partition].get_user_from_access_key_id(access_key)
    who = _root(account, partition) if user is None else _iam_user(user)
    return who | {"accountId": account, "accessKeyId": access_key}


def user_name(identity: dict[str, Any]) -> str:
    """The name that LookupEvents shows: a session's, a user's, or root."""
    return "root" if identity["type"] == "Root" else str(identity["arn"].rpartition("/")[2])


def _assumed_role(session: Any, partition: str) -> dict[str, Any]:
    role_id = _role_id(session, partition)
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session.session_name}",
        "arn": session.arn,
        "accountId": session.account_id,
        "accessKeyId": session.access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": session.role_arn,
                "accountId": session.account_id,
                "userName": session.role_arn.rpartition("/")[2],
            },
            "attributes": {
                "creationDate": session.access_key.create_date.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "mfaAuthenticated": "false",
            },
        },
    }


def _role_id(session: Any, partition: str) -> str:
    try:
        return str(
            iam_backends[session.account_id][partition].get_role_by_arn(session.role_arn).id
        )
    except NotFoundException:
        # moto lets anybody assume a role that does not exist; its id stays the same all the same
        return "AROA" + hashlib.sha256(session.role_arn.encode()).hexdigest()[:17].upper()


def _root(account: str, partition: str) -> dict[str, Any]:
    return {"type": "Root", "principalId": account, "arn": f"arn:{partition}:iam::{account}:root"}


def _iam_user(user: Any) -> dict[str, Any]:
    return {"type": "IAMUser", "principalId": user.id, "arn": user.arn, "userName": user.name}
