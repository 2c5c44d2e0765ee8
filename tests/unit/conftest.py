"""A journal as guardian keeps it, in a file of the test."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.journal.sqlite import SqliteJournal
from guardian.outcome import Finding, Outcome
from tests.unit.judging import NOW

DAY = timedelta(days=1)


class Book(SqliteJournal):
    """A journal that is read whole."""

    def all_outcomes(self) -> tuple[Outcome, ...]:
        return self.outcomes(NOW - DAY, NOW + DAY)

    def all_findings(self) -> tuple[Finding, ...]:
        return self.findings(NOW - DAY, NOW + DAY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Book]:
    book = Book(tmp_path / "journal.sqlite", lambda: NOW)
    yield book
    book.close()
