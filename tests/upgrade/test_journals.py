"""What guardian wrote into its journal in any version is carried forward by this one. The files are never edited."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardian.digest import Window
from guardian.ids import AccountId, Region, Target
from guardian.jobs.pause import pausing
from guardian.journal.sqlite import SqliteJournal
from guardian.journal.sqlite.connection import MIGRATIONS
from guardian.outcome import By, Result

HERE = Path(__file__).parent
VERSIONS = sorted(int(path.stem.partition("-")[2]) for path in HERE.glob("journal-*.sql"))
THEN = datetime(2026, 11, 20, 9, tzinfo=UTC)
LATER = THEN + timedelta(days=1)
EVER = (THEN - timedelta(days=2), THEN + timedelta(days=2))
WHERE = Target(AccountId("111122223333"), Region("eu-west-1"))
CHANNEL = "#cloud-costs"


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def path(version: int, tmp_path: Path) -> Path:
    """A journal as that version left it."""
    made = tmp_path / "journal.sqlite"
    with sqlite3.connect(made) as connection:
        connection.executescript((HERE / f"journal-{version}.sql").read_text())
    connection.close()
    return made


@pytest.fixture
def journal(path: Path) -> SqliteJournal:
    return SqliteJournal(path, lambda: LATER)


def test_outcomes_are_read_as_they_were_meant(journal: SqliteJournal) -> None:
    (outcome,) = journal.outcomes(*EVER)
    assert (outcome.result, outcome.by, outcome.target) == (Result.STOPPED, By.EVENT, WHERE)
    assert (outcome.id, outcome.owner) == ("forgotten-é", "ana")
    assert outcome.at - outcome.started == timedelta(hours=1, minutes=55)  # type: ignore[operator]
    assert outcome.facts == {"MaxCapacity": 5.0, "GlueVersion": "4.0"}


def test_an_outcome_that_comes_again_is_still_known(journal: SqliteJournal) -> None:
    (outcome,) = journal.outcomes(*EVER)
    assert journal.record([outcome]) == 0


def test_findings_are_read_as_they_were_meant(journal: SqliteJournal) -> None:
    (finding,) = journal.findings(*EVER)
    assert (finding.subject, finding.target) == ("guardian-sandbox-glue-session", WHERE)
    assert finding.mended


def test_no_digest_is_posted_twice(journal: SqliteJournal) -> None:
    assert journal.posted_until(CHANNEL) == THEN
    again = Window(THEN - timedelta(hours=1), THEN + timedelta(hours=1))
    assert not journal.claim(CHANNEL, again, LATER)
    assert journal.claim(CHANNEL, Window(THEN, LATER), LATER)


def test_a_stop_that_was_under_way_is_still_to_be_settled(
    journal: SqliteJournal, version: int
) -> None:
    assert [o.id for o in journal.intended()] == ["under-way"] * (version >= 2)


def test_a_pause_goes_on(journal: SqliteJournal, version: int) -> None:
    held = pausing(journal)
    assert (str(held) if version >= 3 else held) == (
        "paused by ana@laptop since 2026-11-20 08:00 UTC: audit week" if version >= 3 else None
    )


def test_a_warning_that_was_not_posted_is_posted(journal: SqliteJournal, version: int) -> None:
    assert [n.id for n in journal.unposted()] == ["soon-over"] * (version >= 4)


def test_it_has_the_tables_that_a_new_one_has(
    journal: SqliteJournal, path: Path, tmp_path: Path
) -> None:
    journal.close()
    SqliteJournal(tmp_path / "new.sqlite", lambda: LATER).close()
    assert shape(path) == shape(tmp_path / "new.sqlite")


def shape(path: Path) -> tuple[int, set[str]]:
    """The version, and every table and index as it was made."""
    connection = sqlite3.connect(path)
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version), {re.sub(r"\s+", " ", text).replace('"', "") for (text,) in made}


def test_every_version_before_this_one_is_here() -> None:
    assert VERSIONS[0] == 1
    assert set(VERSIONS) >= set(range(1, len(MIGRATIONS)))
