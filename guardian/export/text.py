"""Rows as CSV that a spreadsheet runs nothing of, and as lines of JSON. Pure but for what they write to."""

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TextIO

from guardian.documents import Json, instant
from guardian.export.rows import Cell, Row
from guardian.slack.spreadsheet import BOM, harmless


def write_csv(columns: Mapping[str, type], rows: Iterable[Row], out: TextIO) -> None:
    """A header and a line a row, all in quotes."""
    out.write(BOM)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_shown(row[name]) for name in columns] for row in rows)


def write_jsonl(columns: Mapping[str, type], rows: Iterable[Row], out: TextIO) -> None:
    """A JSON object a line, in ASCII: every text as it is."""
    out.writelines(
        json.dumps({name: _plain(row[name]) for name in columns}) + "\n" for row in rows
    )


def _shown(cell: Cell) -> str:
    plain = _plain(cell)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, Mapping):
        plain = json.dumps(plain)
    return harmless(str(plain)) if plain is not None else ""


def _plain(cell: Cell) -> Json:
    return instant(cell) if isinstance(cell, datetime) else cell
