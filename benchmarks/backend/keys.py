"""Credentials that name their account, and the proof that a request was signed with them.

Nothing is kept: the secret and the token of a key follow from the key. Every signature is verified, so that a key of
one account with a secret or a token of another is found out.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from benchmarks.backend.failures import Failure
from benchmarks.backend.wire import Request

_SECRET: Final = b"a backend that holds nothing worth stealing"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIALS = len(_DIGITS) ** 4
_SCOPE_PARTS = 5
_CREDENTIAL = re.compile(r"^AWS4-HMAC-SHA256 Credential=([^,\s]+),")


@dataclass(frozen=True, slots=True)
class Keys:
    access_key_id: str
    secret_access_key: str
    session_token: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and the service and region it was signed for."""

    account: str
    role: str
    session: str
    key: str
    service: str
    region: str

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.session}"


class MixedUp(Failure):
    """The parts of the credentials do not belong together."""


def issue(account: str, role: str, session: str, expires: float, serial: int) -> Keys:
    """The credentials of a role's session; `expires` in seconds since 1970."""
    number, tail = serial % _SERIALS, ""
    for _ in range(4):
        number, digit = divmod(number, len(_DIGITS))
        tail = _DIGITS[digit] + tail
    key = f"ASIA{account}{tail}"
    told = f"{key}:{role}:{session}:{int(expires)}"
    return Keys(key, _secret_of(key), f"{told}:{_sealed(told)}")


def scope_of(request: Request) -> list[str]:
    """Key, date, region, service and end of what a request says to be signed for; empty where it says nothing."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    return found[1].split("/") if found else []


def signer_of(request: Request, now: float) -> Signer:
    """Who signed a request. Raises Failure, MixedUp."""
    scope = scope_of(request)
    if len(scope) != _SCOPE_PARTS:
        raise Failure("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    key, date, region, service, _ = scope
    account, role, session = _identity(key, request.headers.get("x-amz-security-token", ""), now)
    said = dict(_pair(field) for field in request.headers["authorization"].split(","))
    wanted = _signature(request, said.get("SignedHeaders", ""), _secret_of(key), scope)
    if not hmac.compare_digest(wanted, said.get("Signature", "")):
        raise MixedUp(
            "InvalidSignatureException", f"The signature is not one of {key} on {date}", 403
        )
    return Signer(account, role, session, key, service, region)


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field.strip().partition("=")
    return name, value


def _identity(key: str, token: str, now: float) -> tuple[str, str, str]:
    """Account, role and session that a token names."""
    told, _, seal = token.rpartition(":")
    if not told or not hmac.compare_digest(seal, _sealed(told)):
        raise Failure(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            403,
        )
    of, role, session, expires = told.split(":")
    if of != key:
        raise MixedUp(
            "UnrecognizedClientException", f"The security token is that of {of}, not of {key}", 403
        )
    if now >= int(expires):
        message = "The security token included in the request is expired"
        raise Failure("ExpiredTokenException", message, 403)
    return key[4:16], role, session


@lru_cache(maxsize=16_384)
def _secret_of(key: str) -> str:
    return hmac.digest(_SECRET, key.encode(), "sha256").hex()[:40]


@lru_cache(maxsize=16_384)
def _sealed(told: str) -> str:
    return hmac.digest(_SECRET, told.encode(), "sha256").hex()


def _signature(request: Request, names: str, secret: str, scope: list[str]) -> str:
    headers = request.headers
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in names.split(";")]
    canonical = "\n".join(
        (
            request.method,
            quote(request.path, safe="/~"),
            _canonical_query(request.target),
            *lines,
            "",
            names,
            sha256(request.body).hexdigest(),
        )
    )
    _, date, region, service, end = scope
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            headers.get("x-amz-date", ""),
            f"{date}/{region}/{service}/{end}",
            sha256(canonical.encode()).hexdigest(),
        )
    )
    key = _signing_key(secret, date, region, service)
    return hmac.digest(key, text.encode(), "sha256").hex()


@lru_cache(maxsize=65_536)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_query(target: str) -> str:
    asked = target.partition("?")[2]
    return "&".join(
        sorted(part if "=" in part else f"{part}=" for part in asked.split("&") if part)
    )


def environment(keys: Keys) -> Mapping[str, str]:
    """The keys as the environment of a process tells them to the SDKs."""
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
    }
