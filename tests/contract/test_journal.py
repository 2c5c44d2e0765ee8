"""What every journal promises."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from guardian.digest import Window
from guardian.errors import InputError
from guardian.journal import open_journal
from guardian.lease import Lease
from guardian.notice import Warned
from guardian.outcome import About, Finding, Result
from tests.contract.journals import HOUR, NINE, Place, drift, notice, stopped


def test_what_was_written_is_read_back_whole(place: Place) -> None:
    journal = place.open()
    org_wide = Finding(About.POLICY, "policies/data.yaml", "line 3", NINE)
    assert journal.record([stopped()]) == 1
    assert journal.note([drift(), org_wide]) == 2
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)
    assert set(journal.findings(NINE, NINE + HOUR)) == {drift(), org_wide}


def test_the_same_outcome_is_written_once(place: Place) -> None:
    journal = place.open()
    journal.record([stopped()])
    assert (
        journal.record([stopped(), replace(stopped(), trace="sent twice"), stopped("other")]) == 1
    )
    assert place.open().record([stopped()]) == 0
    found = journal.outcomes(NINE, NINE + HOUR)
    assert {(each.id, each.trace) for each in found} == {
        ("session-1", "execution-1"),
        ("other", "execution-1"),
    }


def test_of_two_reports_of_one_end_the_first_is_kept(place: Place) -> None:
    journal = place.open()
    assert journal.record([stopped(), replace(stopped(), trace="sent twice")]) == 1
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)


def test_entries_are_read_one_at_a_time_as_they_were_learned(place: Place) -> None:
    journal = place.open()
    for hours, name in enumerate(["second", "first", "third"]):
        place.clock.now = NINE + hours * 12 * HOUR
        journal.record([stopped(name, NINE - hours * HOUR)])
        journal.note([drift(place.clock.now)])
    end = NINE + 24 * HOUR
    assert [o.id for o in journal.each_outcome(NINE, end)] == ["second", "first"]
    assert [f.at for f in journal.each_finding(NINE, end)] == [NINE, NINE + 12 * HOUR]
    assert list(journal.each_outcome(end, NINE)) == []
    places = journal.each_outcome(NINE, end)
    next(places)
    journal.record([stopped("meanwhile")])  # who reads holds up nobody who writes
    assert [o.id for o in places] == ["first"]


def test_a_stop_and_a_later_gone_of_the_same_run_are_both_kept(place: Place) -> None:
    journal = place.open()
    assert journal.record([stopped(), replace(stopped(), result=Result.GONE)]) == 2


def test_the_same_finding_is_written_once(place: Place) -> None:
    journal = place.open()
    assert journal.note([drift(), drift()]) == 1
    assert journal.note([drift(), drift(NINE + HOUR)]) == 1


def test_a_notice_is_written_once_and_waits_to_be_posted(place: Place) -> None:
    journal = place.open()
    assert journal.foresee([notice(), notice(), notice("other")]) == 2
    assert place.open().foresee([notice()]) == 0
    assert {each.id for each in journal.unposted()} == {"session-1", "other"}
    assert journal.warned(notice().identity) == Warned(notice())
    assert journal.warned("nothing") is None


def test_a_notice_that_was_posted_is_not_posted_again(place: Place) -> None:
    journal = place.open()
    journal.foresee([notice()])
    journal.posted_warning(notice().identity, ("C1/1.2", "D2/3.4"))
    assert place.open().unposted() == ()
    assert journal.warned(notice().identity) == Warned(notice(), ("C1/1.2", "D2/3.4"))


def test_a_warning_is_claimed_by_one_until_it_is_given_back_or_the_claim_is_old(
    place: Place,
) -> None:
    journal, other, name = place.open(), place.open(), notice().identity
    journal.foresee([notice()])
    assert journal.claim_warning(name, NINE, NINE - HOUR)
    assert not other.claim_warning(name, NINE, NINE - HOUR)
    journal.release_warning(name)
    assert other.claim_warning(name, NINE, NINE - HOUR)
    assert journal.claim_warning(name, NINE + 2 * HOUR, NINE + HOUR)
    assert not journal.claim_warning("nothing", NINE, NINE)


def test_a_warning_that_was_answered_is_answered_for_good(place: Place) -> None:
    journal, name = place.open(), notice().identity
    journal.foresee([notice()])
    journal.answer_warning(name, "kept alive by ana")
    assert not place.open().claim_warning(name, NINE + 9 * HOUR, NINE + 8 * HOUR)
    found = journal.warned(name)
    assert found
    assert found.answer == "kept alive by ana"


def test_of_many_claims_at_once_one_succeeds(place: Place) -> None:
    place.open().foresee([notice()])
    journals = [place.open() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        claims = pool.map(lambda j: j.claim_warning(notice().identity, NINE, NINE), journals)
    assert sorted(claims) == [False, False, False, True]


def test_entries_come_oldest_first(place: Place) -> None:
    journal = place.open()
    journal.record([stopped("late", NINE), stopped("early", NINE - HOUR)])
    assert [o.id for o in journal.outcomes(NINE, NINE + HOUR)] == ["early", "late"]


def test_a_window_has_its_beginning_and_not_its_end(place: Place) -> None:
    journal = place.open()
    for hours in range(3):
        place.clock.now = NINE + hours * HOUR
        journal.record([stopped(f"at {hours}", place.clock.now)])
    assert [o.id for o in journal.outcomes(NINE, NINE + 2 * HOUR)] == ["at 0", "at 1"]


def test_what_arrives_late_is_in_the_window_of_its_arrival(place: Place) -> None:
    journal = place.open()
    place.clock.now = NINE + 2 * HOUR
    journal.record([stopped(at=NINE)])
    assert journal.outcomes(NINE, NINE + HOUR) == ()
    assert journal.outcomes(NINE + HOUR, NINE + 3 * HOUR) == (stopped(at=NINE),)


def test_a_claimed_window_changes_no_more(place: Place) -> None:
    journal = place.open()
    window = Window(NINE - HOUR, NINE)
    journal.claim("#data", window, NINE)
    place.clock.now = NINE - timedelta(seconds=1)  # a clock that was set back, or a slow write
    journal.record([stopped()])
    journal.note([drift()])
    assert journal.outcomes(window.since, window.until) == ()
    assert journal.findings(window.since, window.until) == ()
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)


@pytest.mark.parametrize(
    "name",
    [
        "<!channel>",
        "a'b\"c\\",
        "\ud800",
        "\x00\n\u202e",
        "名前" * 100,
        "'; DROP TABLE outcomes; --",
    ],
)
def test_any_name_is_kept_as_it_is(place: Place, name: str) -> None:
    journal = place.open()
    odd = replace(stopped(name), owner=name, facts={name: name})
    journal.record([odd])
    assert journal.outcomes(NINE, NINE + HOUR) == (odd,)
    assert journal.record([odd]) == 0


def test_a_window_is_claimed_once(place: Place) -> None:
    window = Window(NINE, NINE + HOUR)
    assert place.open().claim("#data", window, NINE)
    assert not place.open().claim("#data", window, NINE)
    assert place.open().claim("#other", window, NINE)


def test_windows_that_overlap_are_not_both_claimed(place: Place) -> None:
    journal = place.open()
    journal.claim("#data", Window(NINE, NINE + 2 * HOUR), NINE)
    assert not journal.claim("#data", Window(NINE + HOUR, NINE + 3 * HOUR), NINE)
    assert not journal.claim("#data", Window(NINE - HOUR, NINE + HOUR), NINE)
    assert journal.claim("#data", Window(NINE + 2 * HOUR, NINE + 3 * HOUR), NINE)


def test_of_many_who_claim_at_once_one_succeeds(place: Place) -> None:
    journals = [place.open() for _ in range(3)] * 4
    window = Window(NINE, NINE + HOUR)
    with ThreadPoolExecutor(len(journals)) as pool:
        claims = list(pool.map(lambda journal: journal.claim("#data", window, NINE), journals))
    assert sum(claims) == 1


def test_threads_lose_no_outcome(place: Place) -> None:
    journals = [place.open() for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        written = pool.map(lambda n: journals[n % 3].record([stopped(f"s{n // 2}")]), range(60))
        assert sum(written) == 30
    assert len(journals[0].outcomes(NINE, NINE + HOUR)) == 30


def test_a_claim_is_unfinished_until_it_is_posted(place: Place) -> None:
    journal = place.open()
    window = Window(NINE, NINE + HOUR)
    assert (journal.posted_until("#data"), journal.unfinished("#data")) == (None, ())
    journal.claim("#data", window, NINE)
    assert place.open().unfinished("#data") == (window,)
    assert journal.posted_until("#data") is None
    journal.posted("#data", window, "C1/1.2")
    assert place.open().unfinished("#data") == ()
    assert journal.posted_until("#data") == window.until
    assert journal.posted_until("#other") is None


def test_times_keep_their_moment_whatever_their_zone(place: Place) -> None:
    journal = place.open()
    eastern = NINE.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    journal.record([stopped(at=eastern)])
    assert journal.outcomes(eastern, eastern + HOUR)[0].at == NINE


WRITER = """
import os, signal, sys
from guardian.digest import Window
from guardian.journal import open_journal
from tests.contract.journals import HOUR, NINE, stopped
journal = open_journal(sys.argv[1], lambda: NINE)
journal.record([stopped()])
journal.claim("#data", Window(NINE, NINE + HOUR), NINE)
journal.take("gone 1", None)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sqlite_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    writer = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", WRITER, url], check=False, cwd=Path(__file__).parents[2]
    )
    assert writer.returncode == -signal.SIGKILL
    journal = open_journal(url, lambda: NINE)
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)
    assert journal.unfinished("#data") == (Window(NINE, NINE + HOUR),)
    assert journal.lease() == Lease(1, "gone 1")
    assert journal.take("b 1", Lease(1, "gone 1")) == Lease(2, "b 1")


def test_sqlite_makes_its_folder(tmp_path: Path) -> None:
    open_journal(f"sqlite:///{tmp_path}/a/b/journal.sqlite")
    assert (tmp_path / "a/b/journal.sqlite").is_file()


@pytest.mark.parametrize(
    "url", ["", "journal.sqlite", "mysql://host/db", "sqlite:///", "sqlite://x"]
)
def test_a_url_that_names_no_journal_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="names no journal"):
        open_journal(url)


def test_sqlite_refuses_a_file_of_a_later_version(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    open_journal(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="version 99"):
        open_journal(f"sqlite:///{path}")


def test_sqlite_leaves_another_programs_database_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="some other program"):
        open_journal(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_sqlite_refuses_what_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes\n" * 200)
    for unusable in (path, tmp_path, path / "below"):
        with pytest.raises(InputError, match=r"journal"):
            open_journal(f"sqlite:///{unusable}")


def test_an_intention_outlives_the_process_until_it_is_settled(place: Place) -> None:
    intended = stopped()
    place.open().intend(intended)

    journal = place.open()
    assert journal.intended() == (intended,)
    assert journal.outcomes(NINE, place.clock.now + timedelta(days=1)) == ()

    journal.settle(intended, [intended])
    assert journal.intended() == ()
    assert place.open().outcomes(NINE, NINE + timedelta(days=1)) == (intended,)


def test_an_intention_that_came_to_nothing_is_only_forgotten(place: Place) -> None:
    journal = place.open()
    journal.intend(stopped())
    journal.settle(stopped(), [])
    assert (journal.intended(), journal.outcomes(NINE, NINE + timedelta(days=1))) == ((), ())


def test_what_is_remembered_is_known_to_every_process_until_it_is_forgotten(place: Place) -> None:
    journal, other = place.open(), place.open()
    assert journal.recall("pause") is None
    journal.remember("pause", "first")
    journal.remember("pause", "sécond\n")
    journal.remember("else", "kept")
    assert other.recall("pause") == "sécond\n"
    other.forget("pause")
    other.forget("pause")
    assert (journal.recall("pause"), journal.recall("else")) == (None, "kept")


def test_sqlite_brings_a_journal_of_an_earlier_version_forward(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    open_journal(f"sqlite:///{path}", lambda: NINE).record([stopped()])
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE memory")
        connection.execute("DROP TABLE warnings")
        connection.execute("DROP TABLE lease")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    journal = open_journal(f"sqlite:///{path}", lambda: NINE)
    journal.remember("pause", "now")
    assert journal.recall("pause") == "now"
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)
