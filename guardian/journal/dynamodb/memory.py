"""What guardian has to remember, in a journal in DynamoDB."""

from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import Part
from guardian.journal.dynamodb.sizes import packed, unpacked
from guardian.ports.table import Delete, Put, item


class DynamoMemory(Part):
    """One item a name."""

    def remember(self, name: str, entry: str) -> None:
        self._pen.write(Put(item(keys.memory(name), **packed(entry))))

    def recall(self, name: str) -> str | None:
        found = self._table.get(keys.memory(name))
        return unpacked(found) if found else None

    def forget(self, name: str) -> None:
        self._pen.write(Delete(keys.memory(name)))
