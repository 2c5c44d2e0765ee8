"""A digest of 50,000 outcomes: how long it takes out of the journal into Slack's messages, and how much memory.

Each run is a process of its own, so that the peak is the digest's.
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from guardian.digest import Audience, Window, compose, past_of
from guardian.ids import AccountId, Region, Target
from guardian.journal import open_journal
from guardian.outcome import By, Outcome, Result
from guardian.prices import load_prices
from guardian.slack.blocks import messages
from guardian.slack.chart import draw
from guardian.slack.spreadsheet import spreadsheet

OUTCOMES, ACCOUNTS, OWNERS, RUNS = 50_000, 1_000, 2_000, 3
UNTIL = datetime(2026, 11, 23, 9, tzinfo=UTC)
WINDOW = Window(UNTIL - timedelta(days=30), UNTIL)
RESULTS = (Result.STOPPED, Result.STOPPED, Result.STOPPED, Result.WOULD_STOP, Result.KEPT)
T = TypeVar("T")


def outcomes(seed: int, until: datetime, count: int) -> Iterator[Outcome]:
    """Of a month before `until`."""
    draws = random.Random(seed)  # noqa: S311 -- the same digest every time
    for number in range(count):
        at = until - timedelta(seconds=draws.randrange(1, 30 * 86_400))
        result = draws.choice(RESULTS)
        yield Outcome(
            result=result,
            kind="glue-session",
            id=f"GlueStudioDataPreview-{seed}-{number:08x}",
            target=Target(
                AccountId(f"{100_000_000_000 + draws.randrange(ACCOUNTS)}"), Region("eu-west-1")
            ),
            policy="data-science",
            at=at,
            by=draws.choice((By.EVENT, By.EVENT, By.SWEEP)),
            reason="exempt: production pipelines" if result is Result.KEPT else "grace is over",
            owner=f"person-{draws.randrange(OWNERS)}@example.com",
            started=at - timedelta(hours=1),
            due=at,
            facts={"max_capacity": 5.0, "idle_timeout": 2880},
            trace=f"arn:aws:states:eu-west-1:100000000000:execution:guardian:{number}",
        )


def fill(path: Path) -> None:
    """A journal with the window's outcomes, and as many again in the four weeks before."""
    for seed, until in ((1, WINDOW.since), (2, WINDOW.until)):
        for day in range(30):
            moment = until - timedelta(days=day, hours=12)
            journal = open_journal(f"sqlite:///{path}", partial(_moment, moment))
            journal.record(outcomes(seed * 100 + day, until, OUTCOMES // 30 + 1))


def _moment(moment: datetime) -> datetime:
    return moment


def measure(path: Path) -> None:
    """Print what each step takes, and the peak."""
    journal, prices = open_journal(f"sqlite:///{path}"), load_prices()
    audience = Audience("#data-costs", timezone="Europe/London")
    read = timed("read the window", lambda: journal.outcomes(WINDOW.since, WINDOW.until))
    past = timed(
        "read the four weeks before",
        lambda: past_of(audience, WINDOW, journal.outcomes, prices),
    )
    started = time.process_time()
    digest = timed("compose", lambda: compose(audience, WINDOW, read, (), past, prices))
    told = timed("messages", lambda: messages(digest))
    sheet = timed("spreadsheet", lambda: spreadsheet(digest))
    print(f"  {'compose, messages and spreadsheet':40} {time.process_time() - started:6.2f} s")
    timed("chart, matplotlib's import included", lambda: draw(digest))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = len(digest.stopped) + len(digest.would_stop) + len(digest.kept)
    print(f"  {count:,} outcomes, {len(told)} messages, {len(sheet):,} bytes of CSV")
    print(f"  peak memory of the process {peak:.0f} MiB")


def timed(name: str, run: Callable[[], T]) -> T:
    started = time.process_time()
    made = run()
    print(f"  {name:40} {time.process_time() - started:6.2f} s")
    return made


def main() -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "journal.sqlite"
        fill(path)
        for run in range(RUNS):
            print(f"run {run + 1}", flush=True)
            subprocess.run([sys.executable, __file__, str(path)], check=True)  # noqa: S603 -- this file


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
