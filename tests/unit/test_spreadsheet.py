import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given

from guardian.digest import NO_PAST, compose
from guardian.outcome import About, Finding, Result
from guardian.slack.spreadsheet import BOM, COLUMNS, FORMULA, harmless, spreadsheet
from tests.unit.digests import organization
from tests.unit.test_blocks import any_text
from tests.unit.test_digest import DAY, EVERYBODY, NINE, PRICES, glue, unpriced


def read(sheet: bytes) -> list[dict[str, str]]:
    text = sheet.decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\rcmd", "'cmd"),
        (" =1", "'=1"),
        ("\u200b=1", "'=1"),
        ("＝1", "'＝1"),  # noqa: RUF001 -- full width on purpose
        ("a=1", "a=1"),
        ("", ""),
        ("two\nlines", "two lines"),
        ("\ud800", ""),
    ],
)
def test_no_cell_is_a_formula(cell: str, shown: str) -> None:
    assert harmless(cell) == shown


@given(any_text)
def test_no_text_at_all_is_a_formula(text: str) -> None:
    assert not harmless(text).startswith(FORMULA)
    harmless(text).encode()


@given(name=any_text, owner=any_text, reason=any_text, kind=any_text)
def test_whatever_people_write_is_one_row(name: str, owner: str, reason: str, kind: str) -> None:
    found = replace(glue(name), owner=owner, reason=reason, kind=kind, policy=reason)
    told = compose(EVERYBODY, DAY, [found], [], NO_PAST, PRICES)
    (row,) = read(spreadsheet(told))
    assert not any(cell.startswith(FORMULA) for cell in row.values())


def test_everything_is_in_it() -> None:
    digest = organization(200)
    rows = read(spreadsheet(digest))
    assert tuple(rows[0]) == COLUMNS
    assert [row["what"] for row in rows].count("stopped") == len(digest.stopped)
    count = len(digest.would_stop) + len(digest.failed) + len(digest.kept) + len(digest.findings)
    assert len(rows) == len(digest.stopped) + count


def test_each_row_has_its_figure_and_where_that_comes_from() -> None:
    entries = [
        glue("a"),
        unpriced("b"),
        replace(glue("c"), result=Result.KEPT, reason="exempt: production"),
    ]
    found = Finding(About.ACCESS, "guardian-member", "denied", NINE)
    told = compose(EVERYBODY, DAY, entries, [found], NO_PAST, PRICES)
    rows = {row["id"]: row for row in read(spreadsheet(told))}
    assert [rows[name]["avoided_usd"] for name in "abc"] == ["2.20", "unknown", ""]
    assert rows["a"]["basis"].startswith("5.0 DPU")
    assert rows["c"]["reason"] == "exempt: production"
    assert (rows["guardian-member"]["what"], rows["guardian-member"]["times"]) == ("finding", "1")
