"""Pausing and resuming, as the journal remembers it."""

from dataclasses import replace
from datetime import timedelta

from guardian.jobs.pause import Pause, note_pause, pause, pausing, resume
from tests.unit.conftest import Book
from tests.unit.judging import NOW

ANA = Pause("ana@laptop", NOW, "audit week")


def test_guardian_is_at_work_until_it_is_paused(journal: Book) -> None:
    assert pausing(journal) is None
    assert pause(journal, ANA) == ANA
    assert pausing(journal) == ANA


def test_who_paused_first_is_kept_unless_there_is_a_new_reason(journal: Book) -> None:
    pause(journal, ANA)
    later = Pause("ben@laptop", NOW + timedelta(hours=1))
    assert pause(journal, later) == ANA
    assert pause(journal, replace(later, reason="audit week")) == ANA
    new = replace(later, reason="uninstalled")
    assert pause(journal, new) == pausing(journal) == new


def test_resuming_tells_what_it_ended(journal: Book) -> None:
    pause(journal, ANA)
    assert resume(journal, "ben@laptop", NOW) == ANA
    assert resume(journal, "ben@laptop", NOW) is None
    assert pausing(journal) is None


def test_the_digest_is_told_of_the_pause_and_of_its_end(journal: Book) -> None:
    pause(journal, ANA)
    note_pause(journal, ANA, NOW + timedelta(hours=2))
    resume(journal, "ben@laptop", NOW + timedelta(hours=3))
    *paused, resumed = journal.all_findings()
    assert {f.reason for f in paused} == {str(ANA)}
    assert len(paused) == 2
    assert (resumed.mended, str(ANA) in resumed.reason) == (True, True)


def test_who_since_when_and_why_are_told() -> None:
    assert str(replace(ANA, reason="")) == f"paused by ana@laptop since {NOW:%Y-%m-%d %H:%M} UTC"
    assert str(ANA).endswith(" UTC: audit week")
