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
from guardian.outcome import About, Outcome, parse_event
from guardian.ports import Journal, Message
from tests.unit.test_notice import NOTICE
from tests.unit.test_outcome import EVENT, NINE, told

SAMPLES = Path(__file__).parents[1] / "events" / "others"
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
    assert collect(queue, journal) == Collected(received=2, new=0)
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
def test_what_cannot_be_read_is_a_finding_and_is_left_to_the_dead_letter_queue(
    journal: Journal, body: str
) -> None:
    queue = Queue([body, json.dumps(EVENT)])
    collected = collect(queue, journal)
    (found,) = journal.findings(NINE, NINE + HOUR)
    assert (collected.received, collected.new, collected.unreadable) == (2, 1, (found,))
    assert queue.gone == {"m1"}
    assert (found.about, found.subject, found.at) == (About.COLLECT, "message m0", NINE)
    assert body[:20].replace('"', '\\"') in found.reason
    assert len(found.reason) < 1_500


def test_what_cannot_be_read_is_told_once_however_often_it_comes(journal: Journal) -> None:
    queue = Queue(["{"])
    assert len(collect(queue, journal).unreadable) == 1
    again = collect(queue, journal)
    assert again == Collected(received=1)
    assert again.oldest is None  # it says nothing of how long others wait


def test_a_bug_that_one_message_finds_holds_up_no_other(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parse(event: object) -> Outcome:
        if event == {}:
            raise KeyError("source")
        return parse_event(event)  # type: ignore[arg-type]

    monkeypatch.setattr("guardian.jobs.collect.parse_event", parse)
    queue = Queue(["{}", json.dumps(EVENT)])
    collected = collect(queue, journal)
    assert collected.new == 1
    assert "a bug of guardian: KeyError" in collected.unreadable[0].reason
    assert queue.gone == {"m1"}
    assert "message_crashed" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "name", ["native-stackset-operation-status-change", "organizations-move-account"]
)
def test_what_hints_at_changes_is_taken_off_the_queue(journal: Journal, name: str) -> None:
    body = (SAMPLES / f"{name}.json").read_text("utf-8")
    queue = Queue([body, json.dumps(EVENT)])
    collected = collect(queue, journal)
    assert (collected.new, len(collected.hints), collected.unreadable) == (1, 1, ())
    assert queue.gone == {"m0", "m1"}
    assert journal.findings(NINE, NINE + HOUR) == ()


def test_names_without_utf_8_are_kept(journal: Journal) -> None:
    assert collect(Queue([json.dumps(told(id="\ud800", owner="\udfff"))]), journal).new == 1
    assert journal.outcomes(NINE, NINE + HOUR)[0].id == "\ud800"
