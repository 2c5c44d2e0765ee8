"""The keys of the journal's items in its one table: docs/reference/journal.md. Pure."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from guardian.ports.table import Key

KEPT = timedelta(days=400)
"""How long DynamoDB keeps what happened: a year can be compared with the one before."""
SHARDS = 4
"""Of a day: a partition of DynamoDB takes a thousand writes a second."""

LONGEST = 900

VERSION = Key("journal", "version")
HORIZON = Key("journal", "horizon")
LEASE = Key("lease", "lease")
FENCE = Key("lease", "fence")
INTENTS, UNPOSTED = "intents", "unposted"


def known(sort: str, identity: str) -> Key:
    """Says that an outcome or a finding was written before, whenever that was."""
    return Key(f"known#{sort}#{identity}", "known")


def shard(recorded: str, identity: str) -> str:
    """The part of a day in which an entry lies: `2026-11-23#2`."""
    return f"{recorded[:10]}#{int(identity[:8], 16) % SHARDS}"


def days(sort: str) -> str:
    """Where the shards are listed that have entries of a sort; the shard is the second key."""
    return f"days#{sort}"


def shard_of(sort: str, shard: str) -> str:
    return f"{sort}#{shard}"


def learned(sort: str, recorded: str, identity: str) -> Key:
    """An entry, by the moment when the journal learned of it."""
    return Key(shard_of(sort, shard(recorded, identity)), f"{recorded}#{identity}")


def intent(identity: str) -> Key:
    return Key(INTENTS, identity)


def memory(name: str) -> Key:
    """A name may be longer than a key, which has 1,024 bytes: the item has it, too."""
    text = written(name)
    digest = sha256(text.encode()).hexdigest()
    return Key("memory", f"name#{text if len(text) <= LONGEST else text[:LONGEST] + digest}")


def head(channel: str) -> Key:
    """Until when a channel's windows are claimed, and posted."""
    return Key(f"channel#{written(channel)}", "head")


def claimed(channel: str, until: str) -> Key:
    """A window that is not known to be posted."""
    return Key(head(channel).pk, f"open#{until}")


def posted(channel: str, until: str) -> Key:
    return Key(head(channel).pk, f"posted#{until}")


def warning(identity: str) -> Key:
    return Key(f"warning#{identity}", "warning")


def foretold(identifier: str) -> str:
    """Where the notices about resources of one id lie. The id is anybody's: of any length, and no UTF-8 perhaps."""
    return f"foretold#{sha256(written(identifier).encode()).hexdigest()[:32]}"


def after(prefix: str) -> str:
    """What sorts after everything that begins so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def written(text: str) -> str:
    """A text as a part of a key, which has to have UTF-8."""
    return json.dumps(text, ensure_ascii=True)[1:-1]


def read(key: str) -> str:
    """The text that was `written`."""
    return str(json.loads(f'"{key}"'))


def expires(moment: str) -> int:
    """When DynamoDB may delete what is of this moment: seconds since the epoch."""
    return int((datetime.fromisoformat(moment).astimezone(UTC) + KEPT).timestamp())
