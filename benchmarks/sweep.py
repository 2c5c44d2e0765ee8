"""How fast an organization is swept: guardian, c7n-org and plain boto3 on one backend in one run.

`compare` has all tools stop the same notebooks. The others are about guardian alone: `wide` looks at all default kinds
in four regions of 1,000 accounts, `throughput` asks a backend that answers at once, `growth` does so for ever more
accounts, `faults` meets throttles, errors, timeouts, denied accounts and one that hangs.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.backend.process import Recorded, RunningBackend, Seeded, running_backend
from benchmarks.backend.seed import Faults, Seed
from benchmarks.sweepers import boto, custodian, guardian
from benchmarks.sweepers.measured import Command, Measured, measured
from guardian.kinds import all_kinds

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
GROWTH = (1, 10, 100, 1_000, 5_000)
FAULTS = Faults(throttles=0.2, errors=0.05, timeouts=0.02, denied=10, hanging=1)
Commanding = Callable[[Seeded, Seed, Path], Command]
TOOLS: Mapping[str, Commanding] = {
    "guardian": guardian.command,
    "c7n-org": custodian.command,
    "boto3-sequential": lambda seeded, _seed, _directory: boto.command("sequential", seeded),
    "boto3-threads": lambda seeded, _seed, _directory: boto.command("threads", seeded),
}


@dataclass(frozen=True)
class Run:
    """What a tool did with a seed."""

    seed: Seed
    measured: Measured
    recorded: Recorded

    @property
    def accounts_per_minute(self) -> float:
        return self.seed.accounts / self.measured.seconds * 60

    @property
    def calls_per_second(self) -> float:
        return self.recorded.total / self.measured.seconds

    def as_json(self) -> Mapping[str, object]:
        return {
            "accounts_per_minute": round(self.accounts_per_minute, 1),
            "calls_per_account": round(self.recorded.total / self.seed.accounts, 1),
            "stopped": self.recorded.stopped,
            "peak_mib": round(self.measured.peak_mib, 1),
            "seconds": round(self.measured.seconds, 1),
            "due": self.recorded.due,
            "stopped_again": len(self.recorded.stopped_again),
            "stopped_wrongly": len(self.recorded.stopped_wrongly),
            "mixed_up": self.recorded.mixed_up,
        }


def run(backend: RunningBackend, tool: str, seed: Seed) -> Run:
    """Seed the backend anew and let a tool loose on it."""
    seeded = backend.seed(seed)
    with TemporaryDirectory() as directory:
        ended = measured(TOOLS[tool](seeded, seed, Path(directory)))
    return Run(seed, ended, backend.record())


def compare(backend: RunningBackend, seed: Seed) -> Mapping[str, Run]:
    custodian.installed()
    return {tool: run(backend, tool, seed) for tool in TOOLS}


def wide(seed: Seed) -> Seed:
    """Two of each default kind, in every 20th place."""
    kinds = (key for key, kind in all_kinds().items() if kind.default)
    return replace(seed, regions=REGIONS, things=dict.fromkeys(kinds, 2), every=20)


def alone(backend: RunningBackend, mode: str, seed: Seed) -> Iterator[tuple[str, Run]]:
    """The runs of a mode in which only guardian is measured, each with its name."""
    match mode:
        case "wide":
            yield "1,000 accounts, 4 regions", run(backend, "guardian", wide(seed))
        case "throughput":
            yield "no latency", run(backend, "guardian", replace(seed, latency=0))
        case "growth":
            for accounts in GROWTH:
                grown = replace(seed, accounts=accounts, latency=0)
                yield f"{accounts:,} accounts", run(backend, "guardian", grown)
        case _:
            yield "no faults", run(backend, "guardian", seed)
            yield "faults", run(backend, "guardian", replace(seed, faults=FAULTS))


def result(seed: Seed, runs: Mapping[str, Run]) -> Mapping[str, object]:
    """The comparison as one object."""
    ours, theirs = (runs[tool].accounts_per_minute for tool in ("guardian", "c7n-org"))
    return {
        "accounts": seed.accounts,
        "latency_ms": round(seed.latency * 1000),
        "tools": {tool: each.as_json() for tool, each in runs.items()},
        "ratio_to_c7n_org": round(ours / theirs, 2),
    }


def show(title: str, runs: Mapping[str, Run], to: str = "") -> None:
    """A table; with the ratios to one of its rows where one is named."""
    table = Table(title=title, title_justify="left")
    ratio = [f"x {to}"] if to else []
    numbers = ["seconds", "last stop", "accounts/min", *ratio, "calls/account", "calls/s"]
    table.add_column("")
    for name in (*numbers, "due", "stopped", "twice", "wrongly", "mixed up", "MiB"):
        table.add_column(name, justify="right")
    for name, each in runs.items():
        base = [f"{each.accounts_per_minute / runs[to].accounts_per_minute:,.2f}"] if to else []
        table.add_row(name, *_speed(each)[:3], *base, *_speed(each)[3:], *_deeds(each))
    Console(width=140).print(table)


def _speed(each: Run) -> list[str]:
    calls = each.recorded.total / each.seed.accounts
    return [
        f"{each.measured.seconds:,.1f}",
        f"{each.recorded.last_stop:,.0f}",
        f"{each.accounts_per_minute:,.0f}",
        f"{calls:,.1f}",
        f"{each.calls_per_second:,.0f}",
    ]


def _deeds(each: Run) -> list[str]:
    told = each.recorded
    wrong = (len(told.stopped_again), len(told.stopped_wrongly), told.mixed_up)
    counts = (told.due, told.stopped, *wrong)
    return [*(f"{count:,}" for count in counts), f"{each.measured.peak_mib:,.0f}"]


@contextmanager
def warm() -> Iterator[RunningBackend]:
    """A backend, and guardian's modules compiled and its files read once."""
    with running_backend() as backend:
        run(backend, "guardian", Seed(accounts=1))
        yield backend


MODES = {"compare": 100, "wide": 1_000, "throughput": 500, "growth": 0, "faults": 100}
"""The number of accounts, unless another one is asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modes", nargs="*", default=[*MODES], help=", ".join(MODES))
    parser.add_argument("--accounts", type=int, default=0)
    parser.add_argument("--latency", type=float, default=50, help="ms that each call takes")
    parser.add_argument("--json", action="store_true", help="compare only, as one JSON object")
    asked = parser.parse_args()
    with warm() as backend:
        for mode in ["compare"] if asked.json else asked.modes:
            accounts = asked.accounts or MODES[mode]
            seed = Seed(accounts=accounts, latency=asked.latency / 1000)
            if mode != "compare":
                show(mode, dict(alone(backend, mode, seed)))
                continue
            runs = compare(backend, seed)
            if asked.json:
                print(json.dumps(result(seed, runs), indent=2))
            else:
                title = f"{accounts:,} accounts, {asked.latency:g} ms a call, notebooks"
                show(title, runs, to="c7n-org")


if __name__ == "__main__":
    main()
