"""What `guardian explain` prints."""

from pathlib import PurePath

from rich.console import Console
from rich.text import Text

from guardian.documents import Document
from guardian.explain import Explanation
from guardian.places import Position
from guardian.terminal import clean, table


def document(explanation: Explanation) -> Document:
    """The explanation as JSON; `source` is `path:line`, or says that it is a default."""
    return {
        "account": explanation.account,
        "name": explanation.name,
        "path": explanation.ou,
        "policy": explanation.policy,
        "governed": explanation.policy is not None,
        "reason": explanation.reason or None,
        "files": list(explanation.files),
        "settings": [
            {"name": said.setting, "value": said.value, "source": _line(said.source)}
            for said in explanation.settings
        ],
    }


def _line(source: Position | str) -> str:
    return source if isinstance(source, str) else f"{source.file}:{source.line}"


def show(console: Console, explanation: Explanation) -> None:
    """The explanation for people."""
    who = clean(f"{explanation.name} ({explanation.account}) in {explanation.ou}")
    if explanation.policy is None:
        console.print(Text(f"{who} is not governed: {explanation.reason}"))
        return
    console.print(Text(f"{who} is governed by {explanation.policy}"))
    console.print(Text(f"from the root down: {', '.join(explanation.files)}"))
    rows = [(said.setting, said.value, _short(said.source)) for said in explanation.settings]
    console.print(table("", ("setting", "value", "said at"), rows))


def _short(source: Position | str) -> str:
    """A place by its file's name: the paths stand above."""
    if isinstance(source, str):
        return source
    return f"{PurePath(source.file).name}:{source.line}:{source.column}"
