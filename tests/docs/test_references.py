"""Pages that are written from the code, or told from it, are current."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from guardian.journal.sqlite import SqliteJournal
from tests.docs.commands import ROOT
from tests.docs.schema_page import PAGE, written
from tests.unit.judging import NOW

JOURNAL = ROOT / "docs" / "reference" / "journal.md"


def test_the_page_of_the_schema_is_written_from_it() -> None:
    assert PAGE.read_text("utf-8") == written()


@pytest.mark.parametrize("key", ["ou", "regions", "notify", "kinds.glue-session.grace", "locked"])
def test_the_page_of_the_schema_names_the_keys(key: str) -> None:
    assert f"| `{key}`" in PAGE.read_text("utf-8")


def test_every_table_of_a_journal_is_told_with_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    SqliteJournal(file, lambda: NOW).close()

    with closing(sqlite3.connect(file)) as journal:
        names = [
            n for (n,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        there = {n: {row[1] for row in journal.execute(f"PRAGMA table_info({n})")} for n in names}
    told: dict[str, set[str]] = {}
    section = JOURNAL.read_text("utf-8").split("\n## In SQLite\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if found := re.fullmatch(r"\| (`\w+`(?:, `\w+`)*) \| (`.*) \|", line):
            columns = set(re.findall(r"`(\w+)`", found[2]))
            told |= dict.fromkeys(re.findall(r"`(\w+)`", found[1]), columns)
    assert told == there
