"""State machines live in local time: waits, retries, time-outs and every date they show."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from moto.stepfunctions import models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    map_run_record,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.utils import encoding
from moto.stepfunctions.parser.backend import execution

from guardian.localaws.bridges.jsonata import query_failure
from guardian.localaws.clock import Clock, iso
from guardian.localaws.world import World

READING_THE_CLOCK = (branches_decl, event_manager, execution, map_run_record, parser_models, state)
SHORTEST_TIMEOUT = 5.0
"""Real seconds: what an execution does takes real time, however fast local time runs."""
SHORTEST_TASK_TIMEOUT = 30.0
"""Real seconds: the call of a task may wait for many others, where a hundred executions share one process."""


class LocalDatetime(datetime):
    """What `datetime.datetime` is to moto's state machines: now is local, text is AWS's."""

    clock: ClassVar[Clock]

    @classmethod
    def now(cls, tz: timezone | None = None) -> Self:  # type: ignore[override]  # moto asks for UTC or nothing
        return cls.fromtimestamp(cls.clock.timestamp(), tz or UTC)

    def isoformat(self, sep: str = "T", timespec: str = "milliseconds") -> str:
        return iso(self, sep, timespec)


def install(world: World) -> None:
    """Let everything that state machines do pass in local time."""
    LocalDatetime.clock = world.clock
    local = SimpleNamespace(datetime=LocalDatetime, timezone=timezone, timedelta=timedelta)
    for module in READING_THE_CLOCK:
        module.datetime = local
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    encoding._DateTimeEncoder.default = _encode
    _scale_timeouts(world.clock)
    _scale_waits(world.clock)


def _encode(_: Any, value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)


def _scale_timeouts(clock: Clock) -> None:
    def limit(timeout: float | None, shortest: float) -> float | None:
        return None if timeout is None else max(clock.real(timeout), shortest)

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(limit(timeout, SHORTEST_TASK_TIMEOUT))

    class Thread(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            super().join(limit(timeout, SHORTEST_TIMEOUT))

    execute_state.threading = SimpleNamespace(Event=Event)
    program.threading = SimpleNamespace(Thread=Thread)


def _scale_waits(clock: Clock) -> None:
    def wait(_: Any, env: Any, wait_seconds: float) -> None:
        deadline = time.monotonic() + clock.real(wait_seconds)
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            # The event is set and cleared at once: now and then look whether it was missed.
            env.program_state_event.wait(min(left, 1.0))

    def until(timestamp: Any, env: Any) -> float:
        timestamp.string.eval(env=env)
        text = str(env.stack.pop())
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            failure = timestamp._create_failure_event(env, text)
            raise execute_state.FailureEventException(failure)
        return (moment - clock.now()).total_seconds()

    def seconds(wait_seconds: Any, env: Any) -> int:
        wait_seconds.string_jsonata.eval(env=env)
        value = env.stack.pop()
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise query_failure(env, f"Seconds must be a whole number of seconds, not {value!r}.")
        return value

    WaitFunction._wait_interval = wait
    Timestamp._get_wait_seconds = until
    SecondsJSONata._get_wait_seconds = seconds
    retrier_decl.time = SimpleNamespace(sleep=lambda pause: time.sleep(clock.real(pause)))
