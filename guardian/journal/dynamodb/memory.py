"""What guardian has to remember, in a journal in DynamoDB."""

from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import Part
from guardian.journal.dynamodb.sizes import packed, unpacked
from guardian.ports.table import Delete, Put, item


class DynamoMemory(Part):
    """One item a name."""

    def remember(self, name: str, entry: str) -> None:
        self._pen.write(remembered(name, entry))

    def recall(self, name: str) -> str | None:
        found = self._table.get(keys.memory(name))
        return unpacked(found) if found else None

    def forget(self, name: str) -> None:
        self._pen.write(Delete(keys.memory(name)))


def remembered(name: str, entry: str) -> Put:
    """The item of a name. Raises Refused for a text that is too long."""
    return Put(item(keys.memory(name), name=keys.written(name), **packed(entry)))
