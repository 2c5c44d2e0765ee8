"""All that is in a journal, backed up and carried into another one of any kind."""

from dataclasses import replace
from pathlib import Path

import pytest

from guardian.digest import Window
from guardian.errors import Busy, InputError
from guardian.jobs.move_journal import move_once
from guardian.journal import open_existing, open_journal
from guardian.journal.backup import back_up
from guardian.lease import LASTS, POLL
from guardian.notice import Warned
from guardian.ports import Journal
from tests.contract.journals import HOUR, NINE, Hand, Place, drift, make_table, notice, stopped

ODD = "a'b\"\\#\ud800名"


def filled(place: Place) -> Journal:
    """A journal with something of everything."""
    journal = place.open()
    journal.record([stopped(), stopped(ODD)])
    journal.note([drift()])
    journal.claim("#told", Window(NINE - HOUR, NINE), NINE)
    journal.posted("#told", Window(NINE - HOUR, NINE), "C1/1.2")
    journal.claim("#told", Window(NINE, NINE + HOUR), NINE + HOUR)
    journal.claim(ODD.replace("\ud800", ""), Window(NINE, NINE + HOUR), NINE)
    place.clock.now = NINE  # what is recorded now belongs to the next window
    journal.record([stopped("late")])
    journal.intend(stopped("intended"))
    journal.remember("pause", "é\n")
    journal.foresee([notice(), notice("posted"), notice("claimed")])
    journal.claim_warning(notice("claimed").identity, NINE, NINE)
    journal.posted_warning(notice("posted").identity, ["C1/1", "D1/2"])
    journal.answer_warning(notice("posted").identity, "kept by ana")
    return journal


def check(journal: Journal) -> None:
    """It is all there, and goes on where the other one stopped."""
    assert {o.id for o in journal.outcomes(NINE, NINE + HOUR)} == {"session-1", ODD}
    assert {o.id for o in journal.outcomes(NINE + HOUR, NINE + 2 * HOUR)} == {"late"}
    assert journal.findings(NINE, NINE + HOUR) == (drift(),)
    assert journal.record([stopped(), stopped("late")]) == 0
    assert journal.note([drift()]) == 0
    assert journal.posted_until("#told") == NINE
    assert journal.unfinished("#told") == (Window(NINE, NINE + HOUR),)
    assert not journal.claim("#told", Window(NINE, NINE + 2 * HOUR), NINE)
    assert not journal.claim(ODD.replace("\ud800", ""), Window(NINE, NINE + HOUR), NINE)
    assert journal.intended() == (stopped("intended"),)
    assert journal.recall("pause") == "é\n"
    assert {n.id for n in journal.unposted()} == {"session-1", "claimed"}
    told = Warned(notice("posted"), ("C1/1", "D1/2"), "kept by ana")
    assert journal.warned(notice("posted").identity) == told
    assert journal.foretold("posted") == (notice("posted"),)
    assert not journal.claim_warning(notice("claimed").identity, NINE, NINE)
    assert journal.foresee([notice(), notice("posted")]) == 0
    before = NINE + HOUR
    assert journal.record([stopped("new")]) == 1  # the horizon was carried, too
    assert "new" in {o.id for o in journal.outcomes(before, before + HOUR)}


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.slow)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path}/target/journal.sqlite", Hand())
    url = make_table(request.getfixturevalue("endpoint"))
    return Place(url, Hand(), request.getfixturevalue("tables"))


def test_a_journal_is_carried_into_one_of_any_kind(place: Place, target: Place) -> None:
    count = target.open().fill(filled(place).contents())
    assert count == 3 + 1 + 3 + 1 + 1 + 3
    check(target.open())


def test_a_journal_that_is_not_empty_is_not_filled(place: Place) -> None:
    journal = filled(place)
    with pytest.raises(InputError, match="not empty"):
        journal.fill([])
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 2


def test_a_backup_is_a_journal(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "backups" / "monday.sqlite"
    file.parent.mkdir()
    back_up(filled(place), file)
    assert [each.name for each in file.parent.iterdir()] == ["monday.sqlite"]
    check(open_existing(f"sqlite:///{file}", lambda: NINE))


def test_a_backup_overwrites_nothing(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        back_up(place.open(), file)
    assert file.read_text() == "mine"
    with pytest.raises(InputError, match="cannot be written"):
        back_up(place.open(), tmp_path / "no such folder" / "file")


def test_sqlite_a_backup_is_made_while_others_write(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path}/journal.sqlite", Hand())
    journal, writer = place.open(), place.open()
    journal.record(stopped(f"{n}") for n in range(100))

    def while_it_is_read() -> object:
        for number in range(100):
            yield stopped(f"new {number}")
            if number == 50:
                back_up(journal, tmp_path / "backup.sqlite")

    writer.record(while_it_is_read())  # type: ignore[arg-type]
    copied = open_journal(f"sqlite:///{tmp_path}/backup.sqlite")
    assert len(copied.outcomes(NINE, NINE + HOUR)) == 100
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 200


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such journal"):
        open_existing(f"sqlite:///{tmp_path}/typo.sqlite")
    assert list(tmp_path.iterdir()) == []


class Time:
    """A monotonic clock that waiting moves; a holder may beat meanwhile."""

    def __init__(self, beat: object = None) -> None:
        self.seconds, self._beat = 100.0, beat

    def __call__(self) -> float:
        return self.seconds

    def wait(self, span: float) -> None:
        self.seconds += span
        if callable(self._beat):
            self._beat()


def test_a_journal_moves_when_its_lease_is_free(place: Place, tmp_path: Path) -> None:
    source, target = filled(place), open_journal(f"sqlite:///{tmp_path}/t.sqlite", lambda: NINE)
    time = Time()
    move_once(source, target, time, time.wait)
    check(target)
    assert target.lease() is None
    lease = source.lease()
    assert lease
    assert lease.free


def test_a_journal_does_not_move_while_a_guardian_lives(tmp_path: Path, place: Place) -> None:
    source, target = filled(place), open_journal(f"sqlite:///{tmp_path}/t.sqlite")
    lease = source.take("alive 1", None)
    assert lease
    time = Time(beat=lambda: source.renew(lease))
    with pytest.raises(Busy, match="alive 1 is at work"):
        move_once(source, target, time, time.wait)
    assert next(target.contents(), None) is None
    assert time.seconds <= 100 + POLL.total_seconds()


def test_a_journal_moves_once_its_guardian_is_dead(tmp_path: Path, place: Place) -> None:
    source, target = filled(place), open_journal(f"sqlite:///{tmp_path}/t.sqlite", lambda: NINE)
    source.take("dead 1", None)
    time = Time()
    move_once(source, target, time, time.wait)
    check(target)
    assert time.seconds - 100 >= LASTS.total_seconds()


@pytest.mark.slow
def test_what_is_too_long_for_a_table_is_cut_on_the_way(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = open_journal(f"sqlite:///{tmp_path}/s.sqlite", lambda: NINE)
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(400_000))
    source.record([replace(stopped(), facts={"noise": noise}), stopped("small")])
    url = make_table(request.getfixturevalue("endpoint"))
    target = open_journal(url, lambda: NINE, request.getfixturevalue("tables"))
    assert target.fill(source.contents()) == 2
    found = {o.id: o for o in target.outcomes(NINE, NINE + HOUR)}
    assert found["small"] == stopped("small")
    assert "left out" in found["session-1"].facts


def test_sqlite_pages_leave_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guardian.journal.sqlite.PAGE", 2)
    monkeypatch.setattr("guardian.journal.sqlite.contents.PAGE", 2)
    place = Place(f"sqlite:///{tmp_path}/journal.sqlite", Hand())
    journal = place.open()
    for name in range(7):  # learned at the same moment, and some at another
        place.clock.now = NINE + (name // 3) * HOUR
        journal.record([stopped(f"{name}")])
    found = [each.id for each in journal.each_outcome(NINE, NINE + 9 * HOUR)]
    assert sorted(found) == [f"{name}" for name in range(7)]
    assert len(list(journal.contents())) == 7
