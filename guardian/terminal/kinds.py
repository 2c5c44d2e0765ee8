"""The governed kinds, as commands print them."""

from collections.abc import Iterable

from rich.console import Console

from guardian.documents import Document, Json
from guardian.kinds.base import Kind, StartEvent
from guardian.policy.durations import spoken
from guardian.terminal import table


def kind_document(kind: Kind) -> Document:
    """A kind as `guardian kinds --format json` prints it."""
    return {
        "kind": kind.key,
        "title": kind.title,
        "default": kind.default,
        "patterns": [start.pattern for start in kind.starts],
        "stop": kind.stop.permission,
        "iam_actions": sorted({call.permission for call in kind.calls}),
        "price_basis": kind.price,
        "stopping_loses": kind.loses,
        "grace": spoken(kind.default_grace),
        "idle": spoken(kind.default_idle) if kind.default_idle else None,
    }


def kinds_document(kinds: Iterable[Kind]) -> Json:
    return [kind_document(kind) for kind in kinds]


def print_kinds(console: Console, kinds: Iterable[Kind]) -> None:
    rows = [
        (
            kind.key,
            "by default" if kind.default else "if named",
            ", ".join(_told(start) for start in kind.starts),
            kind.stop.action,
            spoken(kind.default_grace),
            spoken(kind.default_idle) if kind.default_idle else "-",
        )
        for kind in kinds
    ]
    columns = ("kind", "governed", "started by", "stopped by", "grace", "idle")
    console.print(table("Governed kinds", columns, rows))


def _told(start: StartEvent) -> str:
    return ", ".join(start.names) if start.by_call else "state change"
