"""The reference's pages about the kinds, written from their declarations."""

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from guardian.kinds import all_kinds
from guardian.kinds.base import IdleSamples, IdleSince, Kind, Phase, StartEvent
from guardian.policy.durations import spoken

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "kinds"
INDEX = FOLDER.parent / "kinds.md"
TABLE = re.compile(r"(?<=\n)\| kind \| what it is .*?\n(?=\n)", re.DOTALL)
PHASES = {
    Phase.PENDING: "cannot be stopped yet",
    Phase.LIVE: "bills, can be stopped",
    Phase.ENDING: "on its way out",
    Phase.OVER: "over",
}


def written_pages() -> dict[Path, str]:
    """Every page as it should be, by its file."""
    pages = {FOLDER / f"{kind.key}.md": page(kind) for kind in all_kinds().values()}
    return {**pages, INDEX: TABLE.sub(lambda _: index(), INDEX.read_text("utf-8"), count=1)}


def index() -> str:
    lines = [
        "| kind | what it is | governed | grace | idle | ends by itself |",
        "|---|---|---|---|---|---|",
    ]
    for kind in all_kinds().values():
        idle = f"`{spoken(kind.default_idle)}`" if kind.default_idle else "no"
        lines.append(
            f"| [{kind.key}](kinds/{kind.key}.md) | {kind.title} | {_governed(kind)} | "
            f"`{spoken(kind.default_grace)}` | {idle} | {_ends(kind)} |"
        )
    return "\n".join([*lines, ""])


def page(kind: Kind) -> str:
    name = kind.key.replace("-", "_")
    patterns = json.dumps([start.pattern for start in kind.starts], indent=2)
    return "\n".join(
        [
            f"# {kind.key}",
            "",
            f"<!-- Written from guardian/kinds/{name}.py by python -m tests.unit.test_docs -->",
            "",
            _about(name),
            "",
            f"What is known of AWS here, and from where: [facts](../kinds.md#{kind.key}).",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in _rows(kind) if value),
            "",
            "## IAM actions",
            "",
            "| action | on |",
            "|---|---|",
            *(f"| `{action}` | {on} |" for action, on in _actions(kind)),
            "",
            "## Event patterns",
            "",
            "```json",
            patterns,
            "```",
            "",
        ]
    )


def _about(name: str) -> str:
    """What the module says of itself."""
    text = importlib.import_module(f"guardian.kinds.{name}").__doc__ or ""
    said = re.sub(r"\bFacts: docs/reference/kinds\.md\.\s*", "", text).split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in said if part.strip())


def _rows(kind: Kind) -> Iterator[tuple[str, str]]:
    yield "governed", _governed(kind)
    yield "started by", "; ".join(_started(start) for start in kind.starts)
    yield "id", _id(kind)
    yield (
        "found by the sweep with",
        ", then ".join(_code([c.permission]) for c in kind.listing.calls),
    )
    for phase, title in PHASES.items():
        yield title, _code(status for status, each in kind.phases.items() if each is phase)
    yield "age", f"since `{kind.start}`"
    yield "gone", f"an error that says {_code(kind.gone, ' or ')}"
    yield "idle", _idle(kind)
    yield "left alone while", "; ".join(kind.busy.values())
    yield "kept when", "; ".join(dict.fromkeys(kept.reason for kept in kind.kept))
    yield "kept with the tag", "; ".join(f"`{key}`: {why}" for key, why in kind.kept_tags.items())
    yield "owner", _owner(kind)
    yield "default grace", f"`{spoken(kind.default_grace)}`"
    yield "default idle time", f"`{spoken(kind.default_idle)}`" if kind.default_idle else ""
    yield "stopped by", _code([kind.stop.permission])
    yield "stopping loses", kind.loses
    yield "price", kind.price
    yield "ends by itself", _ends(kind)


def _governed(kind: Kind) -> str:
    return "by default" if kind.default else "if named"


def _ends(kind: Kind) -> str:
    if kind.ends_itself is None:
        return "not for its age"
    return f"after `{spoken(kind.ends_itself)}`, unless its maker says otherwise"


def _code(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{word}`" for word in words)


def _started(start: StartEvent) -> str:
    if start.by_call:
        return f"{_code(start.names)} of `{start.event_source}`"
    states = [str(state) for choices in start.where.values() for state in _each(choices)]
    return f"`{start.detail_type}` to {_code(states, ' or ')}"


def _each(choices: object) -> tuple[object, ...]:
    return choices if isinstance(choices, tuple) else ()


def _id(kind: Kind) -> str:
    places = (
        f"`{start.detail_type if not start.by_call else ' or '.join(start.names)}`: "
        + ", ".join(f"`{path}`" for path in start.ids.values())
        for start in kind.starts
    )
    made = "/".join(kind.parts).upper() if len(kind.parts) > 1 else ""
    return "; ".join([*([f"`{made}`"] if made else []), *places])


def _idle(kind: Kind) -> str:
    match kind.idle:
        case IdleSince(status=status, since=since):
            return f"while `{status}`, since `{since}`"
        case IdleSamples(status=status, period=period):
            return f"while `{status}` and each sample, one every `{spoken(period)}`, says so"
        case None:
            return "AWS does not tell: the grace counts from the start"


def _owner(kind: Kind) -> str:
    return f"the tag `owner`, else the caller{f', else `{kind.owner}`' if kind.owner else ''}"


def _actions(kind: Kind) -> list[tuple[str, str]]:
    found = {(call.permission, call.resource) for call in kind.calls}
    return [(action, "all" if arn == "*" else f"`{arn}`") for action, arn in sorted(found)]
