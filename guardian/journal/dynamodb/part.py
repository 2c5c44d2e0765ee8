"""What the parts of a journal in DynamoDB share."""

from guardian.clock import Clock
from guardian.journal.dynamodb.pen import Pen
from guardian.ports import Table

ATTEMPTS = 10
"""How often something is tried again that others came before."""


class Part:
    """A part of a journal: it reads from the table and writes with the pen."""

    def __init__(self, table: Table, pen: Pen, clock: Clock) -> None:
        self._table = table
        self._pen = pen
        self._clock = clock
