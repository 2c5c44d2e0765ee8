"""The effective settings, and where each comes from. What is secret in them is masked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from guardian.documents import Document
from guardian.places import Place, Position
from guardian.terminal import clean, table

_USER = re.compile(r"(?<=://)[^/@\s]*@")
"""Who signs in, and with what password, in a URL."""


@dataclass(frozen=True)
class Shown:
    """One setting; `at` is where it was said, None where it has its default."""

    name: str
    value: str
    at: Place | None

    @property
    def source(self) -> str:
        """What kind of place it comes from."""
        if self.at is None:
            return "default"
        return "file" if isinstance(self.at, Position) else "environment"


def effective(masked: Mapping[str, str], said: Mapping[str, Place]) -> tuple[Shown, ...]:
    """Every setting with its place. `masked` are their values, `said` the places of those that were said."""
    return tuple(
        Shown(name, _USER.sub("***@", value), said.get(name)) for name, value in masked.items()
    )


def settings_document(shown: Iterable[Shown]) -> Document:
    return {
        "settings": [
            {
                "name": each.name,
                "value": each.value,
                "source": each.source,
                "at": None if each.at is None else str(each.at),
            }
            for each in shown
        ]
    }


def print_settings(console: Console, shown: Iterable[Shown]) -> None:
    rows = [(each.name, each.value or _nothing(), _place(each.at)) for each in shown]
    console.print(table("Settings", ("setting", "value", "from"), rows))


def _nothing() -> Text:
    return Text("none", "dim")


def _place(at: Place | None) -> Text:
    if at is None:
        return Text("default", "dim")
    return Text(clean(f"{at.file}:{at.line}" if isinstance(at, Position) else at))
