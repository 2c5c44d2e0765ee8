"""HTTP/1.1 as AWS's SDKs speak it: requests with a known length on connections that stay open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import unquote

MOST = 1 << 20
"""Bytes of a request: far more than any call of AWS that this backend knows."""


class BadRequest(Exception):
    """What came is not HTTP as it is understood here; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `target` is its path and query as they were sent, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values in their order, decoded."""
        asked = self.target.partition("?")[2]
        pairs = (part.partition("=") for part in asked.split("&") if part)
        return [(unquote(name), unquote(value)) for name, _, value in pairs]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    kind: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Inbox:
    """What has come over one connection and is not yet a whole request."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Request]:
        """The requests that are complete now. Raises BadRequest."""
        self._bytes += data
        while (end := self._bytes.find(b"\r\n\r\n")) >= 0:
            method, target, headers = _head(bytes(self._bytes[:end]))
            whole = end + 4 + _length(headers)
            if len(self._bytes) < whole:
                break
            body = bytes(self._bytes[end + 4 : whole])
            del self._bytes[:whole]
            yield Request(method, target, headers, body)
        if len(self._bytes) > MOST:
            raise BadRequest("the request is too large")


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, _ = first.split(" ")
    except ValueError as error:
        raise BadRequest(f"{first!r} is no request") from error
    pairs = (line.partition(":") for line in lines)
    return method, target, {name.lower(): value.strip() for name, _, value in pairs}


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest("a body in chunks is not understood")
    said = headers.get("content-length", "0")
    if not said.isdecimal():
        raise BadRequest(f"{said!r} is no length")
    return int(said)


def written(reply: Reply, number: int, now: float) -> bytes:
    """A reply as bytes, with the id and the date that AWS's replies have."""
    more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
    head = (
        f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n"
        f"x-amzn-RequestId: {number:08x}-0000-4000-8000-000000000000\r\n"
        f"Date: {_date(int(now))}\r\n"
        f"Content-Type: {reply.kind}\r\n{more}"
        f"Content-Length: {len(reply.body)}\r\n\r\n"
    )
    return head.encode("latin-1") + reply.body


@lru_cache(maxsize=4)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


@lru_cache(maxsize=32)
def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
