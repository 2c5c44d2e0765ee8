"""What `guardian explain` prints."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from guardian.documents import Document
from guardian.explain import Explanation
from guardian.places import Position
from guardian.terminal import clean, table
from guardian.terminal.places import within


def document(explanation: Explanation, directory: Path) -> Document:
    """The explanation as JSON; paths are those below the directory.

    `source` is `path:line`, or says that it is a default.
    """
    return {
        "account": explanation.account,
        "name": explanation.name,
        "path": explanation.ou,
        "policy": explanation.policy,
        "governed": explanation.policy is not None,
        "reason": explanation.reason or None,
        "files": [within(file, directory) for file in explanation.files],
        "regions": list(explanation.regions),
        "settings": [
            {"name": said.setting, "value": said.value, "source": _line(said.source, directory)}
            for said in explanation.settings
        ],
    }


def _line(source: Position | str, directory: Path) -> str:
    if isinstance(source, str):
        return source
    return f"{within(source.file, directory)}:{source.line}"


def show(console: Console, explanation: Explanation, directory: Path) -> None:
    """The explanation for people."""
    who = clean(f"{explanation.name} ({explanation.account}) in {explanation.ou}")
    if explanation.policy is None:
        console.print(Text(f"{who} is not governed: {clean(explanation.reason)}"))
        return
    files = ", ".join(within(file, directory) for file in explanation.files)
    console.print(Text(f"{who} is governed by {explanation.policy}"))
    console.print(Text(f"from the root down: {clean(files)}"))
    if explanation.narrowed:
        console.print(Text(f"governed in: {_regions(explanation)}"))
    rows = [
        (said.setting, said.value, _place(said.source, directory)) for said in explanation.settings
    ]
    console.print(table("", ("setting", "value", "said at"), rows))


def _regions(explanation: Explanation) -> str:
    regions = ", ".join(explanation.regions) or "no region: none that is named is enabled in it"
    if explanation.assumed:
        return f"{regions} (those of every account: what this one enabled is not known)"
    return regions


def _place(source: Position | str, directory: Path) -> str:
    if isinstance(source, str):
        return source
    return f"{_line(source, directory)}:{source.column}"
