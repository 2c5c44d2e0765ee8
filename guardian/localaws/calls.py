"""Which API call a request is, and a count of the calls that were made."""

import io
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import botocore.session
from botocore.model import ServiceModel
from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router

# Requests are signed with a name that is not always boto3's name of the service.
SIGNING_NAMES = {
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}


@dataclass(frozen=True)
class Call:
    """One request to an AWS API; `protocol` is how its answer is written."""

    service: str
    operation: str
    region: str
    access_key: str
    protocol: str


def identify(environ: dict[str, Any]) -> Call | None:
    """Read a signed request without using up its body; None for anything else."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0]
    if scope.count("/") != 4:  # noqa: PLR2004 - key/date/region/service/aws4_request
        return None
    access_key, _, region, signed_for, _ = scope.split("/")
    service = SIGNING_NAMES.get(signed_for, signed_for)
    operation, protocol = _operation(environ, service)
    return Call(service, operation, region, access_key, protocol)


@cache
def service_model(service: str) -> ServiceModel:
    """The API of a service by boto3's name; raises botocore's UnknownServiceError."""
    return botocore.session.Session().get_service_model(service)


def _operation(environ: dict[str, Any], service: str) -> tuple[str, str]:
    path = environ["PATH_INFO"]
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2], "json"
    if path.startswith("/service/") and "/operation/" in path:
        return path.rpartition("/")[2], "cbor"
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        action = parse_qs(_body(environ).decode()).get("Action", ["?"])
        return action[0], "ec2" if service == "ec2" else "query"
    return _rest_operation(environ, service)


def _rest_operation(environ: dict[str, Any], service: str) -> tuple[str, str]:
    if service not in _services():
        return "?", "json"
    try:
        operation, _ = get_service_router(service).match(Request(environ))
    except (NotFound, NotImplementedError):
        return "?", str(service_model(service).protocol)
    return str(operation.name), str(service_model(service).protocol)


@cache
def _services() -> frozenset[str]:
    return frozenset(botocore.session.Session().get_available_services())


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


@dataclass(frozen=True)
class CallerOfCall:
    """What calls are counted by; `principal` is the role or user that made them."""

    account: str
    region: str
    service: str
    operation: str
    principal: str


class CallLog:
    """How often each principal made each call."""

    def __init__(self) -> None:
        self._counts: Counter[CallerOfCall] = Counter()
        self._lock = threading.Lock()

    def add(self, call: Call, account: str, principal: str) -> None:
        with self._lock:
            key = CallerOfCall(account, call.region, call.service, call.operation, principal)
            self._counts[key] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def report(self) -> list[dict[str, Any]]:
        """One entry per principal and call: what it is, and `count`."""
        with self._lock:
            return [{**asdict(key), "count": count} for key, count in self._counts.items()]
