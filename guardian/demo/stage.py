"""How the story is shown: headings, tables, a live table, a progress bar. Plain where there is no terminal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from guardian import terminal
from guardian.jobs.reconcile import Told
from guardian.outcome import Outcome
from guardian.terminal import progress


@dataclass
class Stage:
    """What the audience sees; `failed` collects what did not happen."""

    console: Console = field(default_factory=terminal.console)
    chapter_number: int = 0
    failed: list[str] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        self.chapter_number += 1
        self.console.print()
        self.console.print(Rule(Text(f"{self.chapter_number}. {title}", "bold"), align="left"))

    def say(self, line: str) -> None:
        self.console.print(Text(line))

    def show(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]
    ) -> None:
        self.console.print(terminal.table(title, columns, rows))

    def check(self, happened: bool, what: str) -> None:  # noqa: FBT001  reads as a sentence
        """Say whether something really happened; one that did not makes the demo fail."""
        mark = Text("✓ " if happened else "✗ ", "green" if happened else "bold red")
        self.console.print(mark + Text(what))
        if not happened:
            self.failed.append(what)

    @contextmanager
    def rollout(self) -> Iterator[Told]:
        """A bar for each stack set that something is done to."""
        with progress.rollout(self.console) as told:
            yield told

    @contextmanager
    def live(self) -> Iterator[Callable[[Table], None]]:
        """A table that changes while people look."""
        if not self.console.is_terminal:
            last: list[Table] = []
            yield last.append
            self.console.print(*last[-1:])
            return
        with Live(console=self.console, refresh_per_second=8) as live:
            yield live.update


def outcome_table(
    outcomes: Sequence[Outcome],
    waited_for: Mapping[str, str],
    names: terminal.Names,
    seconds: Callable[[Outcome], float | None],
) -> Table:
    """What became of what people opened; `waited_for` maps the ids not reported yet to their kinds."""
    rows: list[Sequence[str | Text]] = []
    for outcome in outcomes:
        after = seconds(outcome)
        rows.append(
            (
                Text(outcome.result.value.replace("_", " "), terminal.STYLES[outcome.result]),
                outcome.kind,
                terminal.clean(outcome.id, 30),
                terminal.place(outcome.target, names),
                outcome.owner,
                outcome.reason,
                "" if after is None else f"{after:.2f} s",
            )
        )
    rows += [
        ("waiting", kind, terminal.clean(i, 30), "", "", "", "") for i, kind in waited_for.items()
    ]
    columns = ("outcome", "kind", "id", "account/region", "owner", "reason", "after its grace")
    return terminal.table("", columns, rows)
