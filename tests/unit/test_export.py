"""The journal's entries as CSV, JSON lines and Parquet, and the commands that write them."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from guardian.cli import app
from guardian.cli.moments import parse_when
from guardian.errors import InputError
from guardian.export import Form, export
from guardian.export.parquet import write_parquet
from guardian.export.rows import FINDING, OUTCOME, Row, finding_row, outcome_row
from guardian.export.text import write_csv, write_jsonl
from guardian.ids import AccountId, Region, Target
from guardian.journal import open_journal
from guardian.outcome import About, By, Finding, Outcome, Result

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
TARGET = Target(AccountId("111122223333"), Region("eu-west-1"))
ODD = "=cmd()\n\ud800\u202e'\","
SETTINGS = """
home_region: eu-west-1
hub: {account: "111122223333", queue_url: https://sqs.eu-west-1.amazonaws.com/111122223333/guardian}
"""


def stopped(name: str = "session-1") -> Outcome:
    return Outcome(
        Result.STOPPED,
        "glue-session",
        name,
        TARGET,
        "data",
        NINE,
        By.EVENT,
        owner="ana@example.com",
        started=NINE - timedelta(hours=1),
        facts={"workers": 5, "types": [None, "G.1X"]},
    )


def as_csv(*outcomes: Outcome) -> list[dict[str, str]]:
    out = io.StringIO()
    write_csv(OUTCOME, map(outcome_row, outcomes), out)
    return list(csv.DictReader(io.StringIO(out.getvalue().lstrip("\ufeff"))))


def test_csv_has_a_column_for_everything() -> None:
    (row,) = as_csv(stopped())
    assert list(row) == list(OUTCOME)
    assert (row["result"], row["account"], row["at"]) == (
        "stopped",
        "111122223333",
        "2026-11-23T09:00:00.000Z",
    )
    assert row["due"] == ""
    assert json.loads(row["facts"]) == stopped().facts


@given(st.text())
def test_no_cell_of_a_csv_is_a_formula_or_breaks_a_line(text: str) -> None:
    odd = replace(stopped(text), owner=text, reason=text, policy=text, trace=text)
    (row,) = as_csv(replace(odd, facts={text: text}))
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert "\n" not in cell


@given(st.text())
def test_json_lines_keep_every_text_as_it_is(text: str) -> None:
    out = io.StringIO()
    write_jsonl(OUTCOME, [outcome_row(replace(stopped(text), facts={text: [text]}))], out)
    assert out.getvalue().isascii()
    (line,) = out.getvalue().splitlines()
    found = json.loads(line)
    assert (found["id"], found["facts"]) == (text, {text: [text]})
    assert (found["started"], found["due"]) == ("2026-11-23T08:00:00.000Z", None)


def test_parquet_has_types() -> None:
    from pyarrow import parquet

    out = io.BytesIO()
    odd = replace(stopped(ODD), owner=ODD)
    write_parquet(OUTCOME, map(outcome_row, [stopped(), odd]), out)
    table = parquet.read_table(out)
    assert table.column_names == list(OUTCOME)
    first, second = table.to_pylist()
    assert (first["at"], first["due"]) == (NINE, None)
    assert json.loads(first["facts"]) == stopped().facts
    assert second["owner"] == ODD.replace("\ud800", "?")


def test_findings_have_columns_of_their_own() -> None:
    out = io.StringIO()
    there = Finding(About.DRIFT, "rule", "disabled", NINE, TARGET, mended=True)
    write_jsonl(FINDING, map(finding_row, [there, replace(there, target=None)]), out)
    first, second = map(json.loads, out.getvalue().splitlines())
    assert list(first) == list(FINDING)
    assert (first["account"], first["mended"], second["account"]) == ("111122223333", True, None)


@pytest.mark.parametrize("form", Form)
def test_rows_are_written_as_they_come(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guardian.export.parquet.GROUP", 500)
    part = tmp_path / ".rows.part"
    sizes: list[int] = []

    def rows() -> Iterator[Row]:
        row = outcome_row(stopped())
        for number in range(4_000):
            if number % 1_000 == 0:
                sizes.append(part.stat().st_size)
            yield row

    assert export(form, OUTCOME, rows(), tmp_path / "rows") == 4_000
    assert sizes[-1] > sizes[0]
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("what was there")

    def breaks() -> Iterator[Row]:
        yield outcome_row(stopped())
        raise InputError("it went away")

    with pytest.raises(InputError):
        export(Form.CSV, OUTCOME, breaks(), file)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["what was there"]
    with pytest.raises(InputError, match="cannot be written"):
        export(Form.CSV, OUTCOME, [], tmp_path / "none" / "rows.csv")


def test_parquet_without_pyarrow_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"guardian\[parquet\]"):
        export(Form.PARQUET, OUTCOME, [], tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NINE - timedelta(days=7)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01T09:30+02:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert parse_when("--since", text, NINE) == moment


@pytest.mark.parametrize("text", ["yesterday", "7 days", "0001-01-01T00:00+14:00", "2026-13-01"])
def test_what_is_no_moment_is_told_with_its_option(text: str) -> None:
    with pytest.raises(InputError, match=r"--since: .* is no moment"):
        parse_when("--since", text, NINE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A directory of settings whose journal has three outcomes and a finding."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    (tmp_path / "guardian.yaml").write_text(f"{SETTINGS}journal: {url}\n")
    days = iter(range(4))
    journal = open_journal(url, lambda: NINE + timedelta(days=next(days)))
    for day in range(3):
        journal.record([stopped(f"session-{day}")])
    journal.note([Finding(About.SWEEP, "somewhere", "denied", NINE)])
    return tmp_path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_outcomes_are_exported_by_when_they_were_learned(config: Path) -> None:
    told = run("journal", "export", "--config", config, "--format", "jsonl")
    assert [json.loads(line)["id"] for line in told.splitlines()] == [
        "session-0",
        "session-1",
        "session-2",
    ]
    some = run(
        *("journal", "export", "--config", config, "--format", "jsonl"),
        *("--since", "2026-11-24", "--until", "2026-11-25"),
    )
    assert [json.loads(line)["id"] for line in some.splitlines()] == ["session-1"]


def test_findings_are_exported_to_a_file(config: Path) -> None:
    file = config / "findings.csv"
    told = run("journal", "export", "--config", config, "--what", "findings", "--output", file)
    assert told == f"1 findings written to {file}.\n"
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert (row["about"], row["subject"]) == ("sweep", "somewhere")


def test_parquet_is_not_for_a_terminal(config: Path) -> None:
    result = CliRunner().invoke(
        app, ["journal", "export", "--config", str(config), "--format", "parquet"]
    )
    assert isinstance(result.exception, InputError)
    assert "--output" in str(result.exception)


def test_a_backup_and_a_copy_are_made_by_commands(config: Path) -> None:
    file, url = config / "backup.sqlite", f"sqlite:///{config}/copy.sqlite"
    assert f"journal: sqlite:///{file}" in run("journal", "backup", file, "--config", config)
    assert "4 entries" in run("journal", "copy", f"sqlite:///{file}", url, "--config", config)
    assert len(open_journal(url).outcomes(NINE, NINE + timedelta(days=3))) == 3
    result = CliRunner().invoke(
        app, ["journal", "copy", f"sqlite:///{config}/none.sqlite", url, "--config", str(config)]
    )
    assert isinstance(result.exception, InputError)
