"""Blocks and messages, and how texts are shared out among them. Pure.

Slack's limits hold by construction: a message has at most 40 blocks and 10,000 characters (Slack: 50 and an unwritten
13,200), a section 2,900 (3,000), a header 150.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from guardian.documents import Json
from guardian.documents import text as text_at
from guardian.slack.text import clean, clip, escape, size

SECTION = 2_900
MESSAGE = 9_500
BLOCKS = 38
HEADER = 150

Block = Mapping[str, Json]
Item = TypeVar("Item")


@dataclass(frozen=True)
class SlackMessage:
    """`text` is what a notification and a screen reader say."""

    text: str
    blocks: tuple[Block, ...]


def header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": clip(clean(text), HEADER), "emoji": False},
    }


def section(text: str) -> Block:
    """Text that is safe already."""
    return {"type": "section", "text": _mrkdwn(text)}


def fields(texts: Iterable[str]) -> Block:
    """Up to ten texts side by side, safe already."""
    return {"type": "section", "fields": [_mrkdwn(text) for text in texts]}


def context(text: str) -> Block:
    """Small print, which may hold other people's words."""
    return {"type": "context", "elements": [_mrkdwn(escape(text))]}


def _mrkdwn(text: str) -> dict[str, Json]:
    # Verbatim: Slack makes no link of what looks like one.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def weight(block: Block) -> int:
    """How much of a message's characters a block takes."""
    parts = [block.get("text"), *_listed(block.get("fields")), *_listed(block.get("elements"))]
    return sum(size(text_at(part, "text")) for part in parts)


def _listed(found: Json) -> Sequence[Json]:
    return found if isinstance(found, list) else ()


def pages(blocks: Iterable[Block]) -> Iterator[tuple[Block, ...]]:
    """Blocks shared out among messages."""
    return (tuple(page) for page in _grouped(blocks, weight, MESSAGE, BLOCKS))


def sections(lines: Iterable[str]) -> Iterator[str]:
    """Lines shared out among texts that each fit a section."""
    return ("\n".join(group) for group in _grouped(lines, size, SECTION, SECTION))


def _grouped(
    items: Iterable[Item], weigh: Callable[[Item], int], most: int, count: int
) -> Iterator[Sequence[Item]]:
    """Groups of at most `count` items that weigh at most `most` together, with one for each gap."""
    group: list[Item] = []
    used = 0
    for item in items:
        needed = weigh(item) + 1
        if group and (used + needed > most or len(group) == count):
            yield group
            group, used = [], 0
        group.append(item)
        used += needed
    if group:
        yield group
