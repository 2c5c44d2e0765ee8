"""The journal in one table of DynamoDB. Facts: docs/reference/journal.md."""

from collections.abc import Sequence

from guardian.clock import Clock
from guardian.journal.dynamodb.contents import DynamoContents
from guardian.journal.dynamodb.entries import DynamoEntries
from guardian.journal.dynamodb.lease import DynamoLeases
from guardian.journal.dynamodb.memory import DynamoMemory
from guardian.journal.dynamodb.pen import Pen
from guardian.journal.dynamodb.version import MIGRATIONS, Migration, check_version
from guardian.journal.dynamodb.warnings import DynamoWarnings
from guardian.journal.dynamodb.windows import DynamoWindows
from guardian.lease import Lease
from guardian.ports import Table


class DynamoJournal(
    DynamoEntries, DynamoMemory, DynamoWindows, DynamoWarnings, DynamoContents, DynamoLeases
):
    """A journal in a table, shared by threads, processes and machines.

    A write is in the table when its call returns, and every read sees it.
    """

    def __init__(
        self, table: Table, clock: Clock, migrations: Sequence[Migration] = MIGRATIONS
    ) -> None:
        """Raises InputError for a table that this guardian cannot use, AccessDenied, Unavailable."""
        check_version(table, migrations)
        pen = Pen(table)
        DynamoEntries.__init__(self, table, pen, clock)
        DynamoLeases.__init__(self, table.hasty())

    def fence(self, lease: Lease) -> None:
        self._pen.fence(lease)
