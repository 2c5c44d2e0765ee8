"""No report is lost and none counts twice, whatever the queue holds and whatever dies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.errors import Unavailable
from guardian.jobs.collect import Collected, collect_once
from guardian.journal import open_journal
from guardian.notice import parse_notice
from guardian.outcome import About
from guardian.ports import Journal, Message
from tests.unit.test_notice import NOTICE
from tests.unit.test_outcome import EVENT, NINE, told

HOUR = timedelta(hours=1)


@dataclass
class Queue:
    """Gives what is not acknowledged again, as SQS does."""

    bodies: list[str]
    loses_acknowledgements: bool = False
    gone: set[str] = field(default_factory=set)

    def receive(self, wait: timedelta) -> tuple[Message, ...]:
        assert wait == timedelta(seconds=1)
        named = [(f"m{n}", body) for n, body in enumerate(self.bodies)]
        left = [(name, body) for name, body in named if name not in self.gone]
        return tuple(Message(name, body, f"receipt {name}", NINE) for name, body in left[:10])

    def acknowledge(self, messages: Sequence[Message]) -> None:
        if self.loses_acknowledgements:
            raise Unavailable("sqs")
        self.gone |= {message.id for message in messages}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return open_journal(f"sqlite:///{tmp_path}/journal.sqlite", lambda: NINE)


def collect(queue: Queue, journal: Journal) -> Collected:
    return collect_once(queue, journal, timedelta(seconds=1))


def test_reports_reach_the_journal_and_leave_the_queue(journal: Journal) -> None:
    queue = Queue([json.dumps(told(id=f"s{n}")) for n in range(12)])
    assert collect(queue, journal) == Collected(received=10, new=10)
    assert collect(queue, journal) == Collected(received=2, new=2)
    assert collect(queue, journal) == Collected()
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 12


def test_a_notice_delivered_twice_is_one_warning_to_post(journal: Journal) -> None:
    queue = Queue([json.dumps(NOTICE)] * 3)
    assert collect(queue, journal) == Collected(received=3, new=1)
    assert journal.unposted() == (parse_notice(NOTICE),)


def test_a_report_delivered_twice_is_one_outcome(journal: Journal) -> None:
    queue = Queue([json.dumps(EVENT)] * 3)
    assert collect(queue, journal) == Collected(received=3, new=1)
    assert len(queue.gone) == 3


def test_a_crash_before_the_acknowledgement_loses_and_doubles_nothing(journal: Journal) -> None:
    queue = Queue([json.dumps(EVENT), "not json"], loses_acknowledgements=True)
    with pytest.raises(Unavailable):
        collect(queue, journal)
    queue.loses_acknowledgements = False
    assert collect(queue, journal) == Collected(received=2, new=0, unreadable=1)
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 1
    assert len(journal.findings(NINE, NINE + HOUR)) == 1


HOSTILE = {
    "no json": "{",
    "another event": json.dumps({**EVENT, "source": "aws.glue"}),
    "a later version": json.dumps(told(version=2)),
    "deep": "[" * 100_000,
    "a long number": '{"source": ' + "9" * 5_000 + "}",
    "before time": json.dumps(told(at="0001-01-01T00:00:00+14:00")),
    "not a number": '{"source": "guardian", "detail": NaN}',
    "nothing": "",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_read_is_a_finding_and_holds_up_nobody(journal: Journal, body: str) -> None:
    queue = Queue([body, json.dumps(EVENT)])
    assert collect(queue, journal) == Collected(received=2, new=1, unreadable=1)
    assert collect(queue, journal) == Collected()
    (found,) = journal.findings(NINE, NINE + HOUR)
    assert (found.about, found.subject, found.at) == (About.COLLECT, "message m0", NINE)
    assert body[:20].replace('"', '\\"') in found.reason
    assert len(found.reason) < 1_500


def test_names_without_utf_8_are_kept(journal: Journal) -> None:
    assert collect(Queue([json.dumps(told(id="\ud800", owner="\udfff"))]), journal).new == 1
    assert journal.outcomes(NINE, NINE + HOUR)[0].id == "\ud800"
