"""STS: the role of every member account, which only the hub's account may assume."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count

from benchmarks.backend.call import Answer, Call, Handler
from benchmarks.backend.failures import Failure
from benchmarks.backend.keys import issue
from benchmarks.backend.seed import HUB, MEMBER_ROLE

CHAINED = 3600
"""The most seconds of a role's session that was begun with another role's, as the hub's are."""
POLICY = 2048
_serial = count()


def role_of(call_arguments: Mapping[str, object]) -> tuple[str, str]:
    """Account and name of the role that is asked for; empty where it is no role's ARN."""
    arn = str(call_arguments.get("RoleArn", ""))
    found = re.fullmatch(r"arn:aws:iam::(\d{12}):role/([\w+=,.@/-]+)", arn)
    return (found[1], found[2]) if found else ("", "")


def assume_role(call: Call) -> Answer:
    call.takes("RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "SourceIdentity")
    account, role = role_of(call.arguments)
    denied, _ = call.estate.seed.troubled
    known = account in call.estate.accounts and role == MEMBER_ROLE
    if not known or account in denied or call.signer.account != HUB:
        who, what = call.signer.arn, call.text("RoleArn")
        message = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {what}"
        raise Failure("AccessDenied", message, 403)
    session, seconds = _session(call), call.number("DurationSeconds", CHAINED, range(900, 43_201))
    if seconds > CHAINED:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise Failure("ValidationError", message)
    if len(call.text_or("Policy")) > POLICY:
        raise Failure("PackedPolicyTooLarge", f"Policy must be at most {POLICY} characters")
    return _assumed(account, role, session, call.now + seconds)


def _session(call: Call) -> str:
    name = call.text("RoleSessionName")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name):
        raise Failure("ValidationError", f"RoleSessionName {name!r} is not valid")
    return name


def _assumed(account: str, role: str, session: str, expires: float) -> Answer:
    keys = issue(account, role, session, expires, next(_serial))
    return {
        "Credentials": {
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "SessionToken": keys.session_token,
            "Expiration": datetime.fromtimestamp(int(expires), UTC),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROA:{session}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        },
    }


def get_caller_identity(call: Call) -> Answer:
    call.takes()
    signer = call.signer
    return {"Arn": signer.arn, "UserId": f"AROA:{signer.session}", "Account": signer.account}


CALLS: Mapping[str, Handler] = {
    "AssumeRole": assume_role,
    "GetCallerIdentity": get_caller_identity,
}
