"""How a rollout is shown while it goes on: a bar for each operation, plain lines where there is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from guardian.jobs.reconcile import Told
from guardian.plan import Action

TENTHS = 10
"""A line for every tenth of an operation, so that a log of thousands of instances stays short."""


@contextmanager
def rollout(console: Console) -> Iterator[Told]:
    """What to tell of progress; `done` and `total` are stack instances."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _bars(progress)


def _bars(progress: Progress) -> Told:
    tasks: dict[tuple[str, Action], TaskID] = {}

    def told(stack_set: str, action: Action, done: int, total: int) -> None:
        key = stack_set, action
        if key not in tasks:
            tasks[key] = progress.add_task(f"{action} {stack_set}", total=total)
        progress.update(tasks[key], completed=done, total=total)

    return told


def _lines(console: Console) -> Told:
    last: dict[tuple[str, Action], int] = {}

    def told(stack_set: str, action: Action, done: int, total: int) -> None:
        tenth = done * TENTHS // total if total else TENTHS
        if last.get((stack_set, action)) != tenth:
            last[stack_set, action] = tenth
            line = f"{action} {stack_set}: {done:,} of {total:,} stack instances"
            console.print(Text(line), soft_wrap=True)

    return told
