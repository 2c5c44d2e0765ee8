"""Rows as a Parquet file, by pyarrow, which is imported only here and only when it is wanted."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from guardian.errors import InputError
from guardian.export.rows import Cell, Row

GROUP = 10_000
"""Rows that are held and written together."""


def write_parquet(columns: Mapping[str, type], rows: Iterable[Row], out: BinaryIO) -> None:
    """A file in groups of rows. Raises InputError where pyarrow is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name} is not installed: install guardian[parquet], or export csv or jsonl"
        ) from error
    times = pa.timestamp("ms", tz="UTC")
    types = {datetime: times, bool: pa.bool_()}
    schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in columns.items()])
    left = iter(rows)
    with parquet.ParquetWriter(out, schema) as writer:
        while group := [_cells(columns, row) for row in islice(left, GROUP)]:
            writer.write_table(pa.Table.from_pylist(group, schema))


def _cells(columns: Mapping[str, type], row: Row) -> Mapping[str, Cell]:
    return {name: _cell(row[name]) for name in columns}


def _cell(cell: Cell) -> Cell:
    if isinstance(cell, Mapping):
        return json.dumps(cell)
    # What has no UTF-8 cannot be in a Parquet text.
    return cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell
