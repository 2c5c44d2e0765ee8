"""Entries that fit into DynamoDB's items of 400 KB: their texts are foreign, and as long as foreigners like. Pure."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

from guardian.documents import Document, Json
from guardian.errors import Refused
from guardian.ports.table import Item

PACKED_FROM = 50_000
MOST = 350_000
"""Bytes of an entry in an item, packed or not; beside it there are keys."""
LONGEST = 900
"""Characters of a text of an entry that had to be cut."""

Entry = TypeVar("Entry")
T = TypeVar("T")


def packed(entry: str) -> Item:
    """The attributes that hold a text: as it is, or packed where it is long. Raises Refused for what is too long."""
    plain = entry.encode("utf-8", "replace")
    if len(plain) < PACKED_FROM:
        return {"entry": entry}
    small = b64encode(zlib.compress(plain)).decode()
    if len(small) > MOST:
        raise Refused(f"a text of {len(plain):,} bytes is too long for the journal's table")
    return {"packed": small}


def unpacked(item: Item) -> str:
    """The text that `packed` put into an item."""
    if "packed" in item:
        return zlib.decompress(b64decode(str(item["packed"]))).decode()
    return str(item.get("entry", ""))


def fitting(
    entry: Entry, written: Callable[[Entry], str], read: Callable[[str], Entry]
) -> tuple[Entry, Item]:
    """An entry and its attributes; one that is too long without its facts, and with its texts cut."""
    text = written(entry)
    try:
        return entry, packed(text)
    except Refused as error:
        small = read(_shortened(text, str(error)))
        return small, packed(written(small))


def _shortened(text: str, why: str) -> str:
    document: Document = json.loads(text)
    return json.dumps({name: _cut(value, why) for name, value in document.items()})


def _cut(value: Json, why: str) -> Json:
    if isinstance(value, Mapping):
        return {"left out": why}
    if not isinstance(value, str) or len(value) <= LONGEST:
        return value
    # What was different stays different.
    digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{value[:LONGEST]}… ({digest})"


def once(things: Iterable[tuple[str, T]]) -> Mapping[str, T]:
    """Things by their names, the first of each: a transaction takes no item twice."""
    first: dict[str, T] = {}
    for name, thing in things:
        first.setdefault(name, thing)
    return first


def chunks(
    things: Iterable[T], size: Callable[[T], int], most: int, most_bytes: int
) -> Iterator[Sequence[T]]:
    """Things in their order, at most so many and so large together; at least one at a time."""
    chunk: list[T] = []
    total = 0
    for thing in things:
        if chunk and (len(chunk) >= most or total + size(thing) > most_bytes):
            yield chunk
            chunk, total = [], 0
        chunk.append(thing)
        total += size(thing)
    if chunk:
        yield chunk
