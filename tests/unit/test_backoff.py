"""A job that fails again and again runs less often, and as often as before once it does not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guardian.daemon.early import Early
from guardian.daemon.schedule import Turn
from guardian.daemon.watched import guarded
from guardian.errors import Unavailable
from guardian.health.backoff import LONGEST, pause
from guardian.health.record import Duty, Record

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
INTERVALS = st.timedeltas(SECOND, timedelta(days=7))


def test_the_time_between_runs_doubles_after_the_first_failure() -> None:
    spans = [pause(10 * SECOND, failures).total_seconds() for failures in range(8)]
    assert spans == [10, 10, 20, 40, 80, 160, 300, 300]


@given(INTERVALS, st.integers(0, 10**6))
def test_it_is_never_shorter_than_the_interval_and_never_longer_than_the_cap(
    every: timedelta, failures: int
) -> None:
    assert every <= pause(every, failures) <= max(every, LONGEST)
    assert pause(every, failures) <= pause(every, failures + 1)


def test_a_job_is_put_off_while_it_fails_and_not_when_it_is_well_again() -> None:
    works = iter([False, False, False, True, False])
    put_off: list[timedelta] = []
    rows: list[int] = []

    def warn() -> None:
        if not next(works):
            raise Unavailable("Slack")

    record = Record(NOW, [Duty("warn", 10 * SECOND, MINUTE)])
    run = guarded(warn, record, lambda: NOW, later=put_off.append)
    for _ in range(5):
        run()
        rows.append(record.health.jobs["warn"].failures)
    assert rows == [1, 2, 3, 0, 1]
    assert put_off == [20 * SECOND, 40 * SECOND]


def test_a_job_does_not_begin_when_it_is_time_to_end() -> None:
    record = Record(NOW, [Duty("warn", 10 * SECOND, MINUTE)])

    def warn() -> None:
        raise AssertionError

    guarded(warn, record, lambda: NOW, ending=lambda: True)()
    assert record.health.jobs["warn"].results == {}


class Asked(Turn):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[float] = []

    def within(self, seconds: float) -> None:
        self.spans.append(seconds)


def test_what_comes_while_a_job_runs_is_for_another_run() -> None:
    turn = Asked()
    early = Early(turn, 30.0)
    early.around(lambda: None)()
    assert turn.spans == []
    early.around(early.ask)()
    assert turn.spans == [30.0, 30.0]  # once when it was asked, once when it had ended
    early.around(lambda: None)()
    assert turn.spans == [30.0, 30.0]
