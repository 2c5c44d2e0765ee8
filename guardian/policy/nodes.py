"""YAML files as nodes that know where they stand.

Nodes are built from the parser's events and not by its constructor: every node keeps its line and column, no tag makes
an object, and a file that grows without end is refused while it is read.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from guardian.errors import InputError
from guardian.places import Place, Position, Problem

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
"""With every alias counted as what it stands for."""
MAX_ALIASES = 100
MAX_DEPTH = 20
MERGE = "<<"


@dataclass(frozen=True)
class Scalar:
    """`plain` where it was written without quotes, so that YAML gives it a type."""

    text: str
    at: Place
    plain: bool = True

    @property
    def null(self) -> bool:
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Items:
    items: tuple["Node", ...]
    at: Place


@dataclass(frozen=True)
class Fields:
    """A mapping; `keys` tells where each key stands."""

    values: Mapping[str, "Node"]
    keys: Mapping[str, Place]
    at: Place


Node = Scalar | Items | Fields


Opening = ScalarEvent | SequenceStartEvent | MappingStartEvent


class Problems:
    """What is wrong, gathered so that people see all of it at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, at: Place, message: str) -> None:
        self._found.append(Problem(at, message))

    def error(self) -> InputError:
        """All that was found, in the order of files and lines."""
        return InputError(*sorted(self._found, key=_by_place))

    def refuse(self) -> None:
        """Raises InputError if anything was found."""
        if self._found:
            raise self.error()


def _by_place(problem: Problem) -> tuple[str, int, int, str]:
    at = problem.at
    line, column = (0, 0) if isinstance(at, str) else (at.line, at.column)
    return (at if isinstance(at, str) else at.file, line, column, problem.message)


class _Broken(Exception):
    """Ends the reading of one file."""

    def __init__(self, at: Place, message: str) -> None:
        super().__init__(message)
        self.at = at


def read_yaml(file: str, raw: bytes, problems: Problems) -> Fields | None:
    """The mapping that a file's bytes hold, or None and the problem noted."""
    try:
        return _Builder(file, problems).document(_text(file, raw))
    except _Broken as broken:
        problems.add(broken.at, str(broken))
        return None


def positions(node: Node, name: str = "") -> Mapping[str, Position]:
    """Where every value stands, by its dotted name: `kinds.glue-session.grace`, `exempt[0]`."""
    children: list[tuple[str, Node]] = []
    if isinstance(node, Fields):
        children = [(f"{name}.{key}" if name else key, n) for key, n in node.values.items()]
    if isinstance(node, Items):
        children = [(f"{name}[{index}]", item) for index, item in enumerate(node.items)]
    found = {name: node.at} if name and isinstance(node.at, Position) else {}
    return found | {k: v for child, n in children for k, v in positions(n, child).items()}


def _text(file: str, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        raise _Broken(Position(file, 1, 1), message)
    raw = raw.removeprefix(BOM_UTF8)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise _Broken(_position(file, before), message) from error


def _position(file: str, before: str) -> Position:
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Builder:
    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliases = 0
        self._nodes = 0
        self._events: Iterator[Event] = iter(())

    def document(self, text: str) -> Fields:
        try:
            return self._only_document(text)
        except MarkedYAMLError as error:
            raise self._syntax(error, text) from error
        except ReaderError as error:
            at = _position(self._file, text[: error.position])
            raise _Broken(at, "a control character does not belong in YAML") from error
        except YAMLError as error:
            raise _Broken(Position(self._file, 1, 1), f"not YAML: {error}") from error

    def _only_document(self, text: str) -> Fields:
        self._events = YAML(typ="safe", pure=True).parse(text)
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise _Broken(self._at(event), "a second document: one file holds one")
                root = self._node(next(self._events), 0)
        if root is None or (isinstance(root, Scalar) and root.null):
            raise _Broken(Position(self._file, 1, 1), "the file is empty")
        if not isinstance(root, Fields):
            raise _Broken(root.at, "the file must be a mapping of keys to values")
        return root

    def _syntax(self, error: MarkedYAMLError, text: str) -> _Broken:
        mark = error.problem_mark or error.context_mark
        at = Position(self._file, mark.line + 1, mark.column + 1) if mark else self._file
        line = text.splitlines()[mark.line : mark.line + 1] if mark else []
        if line and re.match(r" *\t", line[0]):
            return _Broken(at, "a tab in the indentation: YAML wants spaces")
        return _Broken(at, f"not YAML: {error.problem or error.context}")

    def _at(self, event: Event) -> Position:
        return Position(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _count(self, event: Event, nodes: int = 1) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _Broken(self._at(event), f"the file holds more than {MAX_NODES:,} values")

    def _node(self, event: Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _Broken(self._at(event), f"nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if not isinstance(event, Opening):
            raise _Broken(self._at(event), "not YAML: a value is missing")
        if event.ctag is not None:
            raise _Broken(self._at(event), f"tags such as {event.tag} are not allowed")
        before = self._nodes
        self._count(event)
        node = self._fresh(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = (node, self._nodes - before)
        return node

    def _alias(self, event: AliasEvent) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _Broken(self._at(event), f"more than {MAX_ALIASES} aliases")
        if event.anchor not in self._anchors:
            message = f"there is no &{event.anchor} for this alias; quote text that begins with *"
            raise _Broken(self._at(event), message)
        node, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        return node

    def _fresh(self, event: Opening, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return Scalar(event.value, self._at(event), plain=event.implicit[0])
        if isinstance(event, SequenceStartEvent):
            return Items(tuple(self._items(depth)), self._at(event))
        return self._fields(event, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _fields(self, start: Event, depth: int) -> Fields:
        values: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        merged: Node | None = None
        for key, value in self._pairs(depth):
            if key.text in keys:
                first = keys[key.text]
                line = first.line if isinstance(first, Position) else 0
                self._problems.add(key.at, f"{key.text}: written twice, first in line {line}")
                continue
            keys[key.text] = key.at
            if key.plain and key.text == MERGE:
                merged = value
            else:
                values[key.text] = value
        written = Fields(values, keys, self._at(start))
        return written if merged is None else self._merged(written, merged)

    def _pairs(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                raise _Broken(key.at, "a key must be a word")
            # Nothing after a colon: YAML says that it stands where the next thing begins.
            missing = isinstance(value, Scalar) and value.null and not value.text
            yield key, (Scalar("", key.at) if missing else value)

    def _merged(self, written: Fields, merged: Node) -> Fields:
        """What was written wins over what is merged, and of a list the earlier over the later.

        Nothing is counted here: what is merged was counted where it was written, and each alias of it again.
        """
        values = dict(written.values)
        keys = {key: at for key, at in written.keys.items() if key != MERGE}
        for each in merged.items if isinstance(merged, Items) else (merged,):
            if not isinstance(each, Fields):
                message = f"{MERGE}: must be a mapping or a list of mappings"
                self._problems.add(each.at, message)
                continue
            for key, value in each.values.items():
                if key not in values:
                    values[key], keys[key] = value, each.keys[key]
        return Fields(values, keys, written.at)
