"""The protocols of AWS: how a request says what it asks for, and how answers and errors are written."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from benchmarks.backend.call import Answer
from benchmarks.backend.failures import Failure, invalid
from benchmarks.backend.wire import Reply, Request

Asked = tuple[str, Mapping[str, object]]
"""An action and its arguments."""
NOTHING: Asked = ("", {})


@dataclass(frozen=True)
class Protocol:
    """`asked` answers NOTHING for what is no call of the service, and raises Failure for a broken one."""

    asked: Callable[[Request], Asked]
    answered: Callable[[str, Answer], Reply]
    refused: Callable[[Failure], Reply]


def json_protocol(target: str, version: str = "1.1") -> Protocol:
    """AWS JSON, with the prefix of the service's actions."""
    kind = f"application/x-amz-json-{version}"

    def asked(request: Request) -> Asked:
        prefix, _, action = request.headers.get("x-amz-target", "").rpartition(".")
        return (action, _object(request.body)) if prefix == target else NOTHING

    return Protocol(asked, _json_answer(kind), _json_refusal(kind))


@dataclass(frozen=True)
class Route:
    """An action of a REST API: its method and its path, `/applications/{applicationId}`."""

    action: str
    method: str
    path: str
    lists: tuple[str, ...] = ()
    """Arguments of the query that may stand there several times."""

    def match(self, request: Request) -> Mapping[str, object] | None:
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, request.path)
        if request.method != self.method or not found:
            return None
        arguments: dict[str, object] = {n: unquote(v) for n, v in found.groupdict().items()}
        query = request.query
        arguments |= {name: value for name, value in query if name not in self.lists}
        several = {name for name, _ in query if name in self.lists}
        return arguments | {name: [v for n, v in query if n == name] for name in several}


def rest_protocol(routes: Sequence[Route]) -> Protocol:
    """REST with JSON."""

    def asked(request: Request) -> Asked:
        tried = ((route.action, route.match(request)) for route in routes)
        return next(((action, found) for action, found in tried if found is not None), NOTHING)

    kind = "application/json"
    return Protocol(asked, _json_answer(kind), _json_refusal(kind))


def query_protocol(namespace: str) -> Protocol:
    """Forms in, XML out."""

    def asked(request: Request) -> Asked:
        form: dict[str, object] = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        form.pop("Version", None)
        return str(form.pop("Action", "")), form

    def answered(action: str, answer: Answer) -> Reply:
        body = (
            f'<{action}Response xmlns="{namespace}"><{action}Result>{_xml(answer)}</{action}Result>'
            f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
        )
        return Reply(200, "text/xml", body.encode())

    return Protocol(asked, answered, _xml_refusal)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        read = json.loads(body or b"{}")
    except ValueError as error:
        raise Failure("SerializationException", "the body is no JSON") from error
    if not isinstance(read, dict):
        raise invalid("the body must be an object")
    return read


def _json_answer(kind: str) -> Callable[[str, Answer], Reply]:
    return lambda _, answer: Reply(200, kind, json.dumps(answer).encode())


def _json_refusal(kind: str) -> Callable[[Failure], Reply]:
    def refused(failure: Failure) -> Reply:
        body = json.dumps({"__type": failure.code, "message": failure.message}).encode()
        return Reply(failure.status, kind, body, (("x-amzn-ErrorType", failure.code),))

    return refused


QUERY_CODES = {
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
"""What the older protocol calls what newer ones have a longer name for."""


def _xml_refusal(failure: Failure) -> Reply:
    code = escape(QUERY_CODES.get(failure.code, failure.code))
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{escape(failure.message)}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )
    return Reply(failure.status, "text/xml", body.encode())


def _xml(value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(member)}</{name}>" for name, member in value.items())
    return escape(value.isoformat() if isinstance(value, datetime) else str(value))
