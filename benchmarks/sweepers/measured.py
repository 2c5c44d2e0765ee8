"""One run of a program: how long it took, how much memory it and its children had at most, what it printed."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from time import perf_counter

import psutil

MIB = 1024 * 1024
SAMPLED_EVERY = 0.05


@dataclass(frozen=True)
class Command:
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Measured:
    """Seconds of wall time, and MiB resident at the worst moment, of all its processes together."""

    seconds: float
    peak_mib: float
    code: int
    said: str


def measured(command: Command) -> Measured:
    """Run it to its end."""
    with TemporaryFile("w+") as output:
        began = perf_counter()
        process = subprocess.Popen(  # noqa: S603  the programs that are compared
            command.arguments,
            env=dict(command.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        peak = _peak(process)
        seconds = perf_counter() - began
        output.seek(0)
        return Measured(seconds, peak / MIB, process.returncode, output.read())


def _peak(process: subprocess.Popen[str]) -> int:
    """Bytes; waits until the process has ended."""
    watched, most = psutil.Process(process.pid), 0
    while True:
        most = max(most, _resident(watched))
        try:
            process.wait(SAMPLED_EVERY)
        except subprocess.TimeoutExpired:
            continue
        return most


def _resident(process: psutil.Process) -> int:
    try:
        return sum(_of_one(each) for each in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _of_one(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
