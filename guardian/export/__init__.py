"""The journal's entries as files for other programs. Nothing is held but the rows in hand."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from guardian.errors import InputError
from guardian.export.parquet import write_parquet
from guardian.export.rows import Row
from guardian.export.text import write_csv, write_jsonl


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export(
    form: Form, columns: Mapping[str, type], rows: Iterable[Row], output: Path | None
) -> int:
    """Write rows to a file, or to stdout where there is none; answers how many.

    The file is there when it is whole, and not before. Raises InputError for one that cannot be written.
    """
    count = Counted(rows)
    if output is not None:
        with _whole(output) as out:
            _write(form, columns, count, out)
    elif form is Form.PARQUET:
        raise InputError("--output: a Parquet file is not for a terminal: name a file")
    else:
        _write(form, columns, count, sys.stdout.buffer)
    return count.seen


class Counted:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.seen = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.seen += 1
            yield row


def _write(form: Form, columns: Mapping[str, type], rows: Iterable[Row], out: BinaryIO) -> None:
    if form is Form.PARQUET:
        return write_parquet(columns, rows, out)
    text = TextIOWrapper(out, "utf-8", "replace", newline="")
    try:
        return (write_csv if form is Form.CSV else write_jsonl)(columns, rows, text)
    finally:
        text.detach()  # it is written, and its owner's to close


@contextmanager
def _whole(output: Path) -> Iterator[BinaryIO]:
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
