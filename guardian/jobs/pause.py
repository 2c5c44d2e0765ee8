"""Whether guardian is paused: then nothing is applied and the sweep stops nothing, until somebody resumes it."""

import json
from dataclasses import dataclass
from datetime import datetime

from guardian.documents import Document, Json, instant, moment, pick, text
from guardian.outcome import About, Finding
from guardian.ports import Journal

PAUSE = "pause"
"""The name under which the journal keeps it."""
UNINSTALLED = "uninstalled"
"""The reason of the pause that an uninstallation leaves behind."""


@dataclass(frozen=True)
class Pause:
    """Who paused guardian, since when, and why."""

    by: str
    since: datetime
    reason: str = ""

    def as_json(self) -> Document:
        return {"by": self.by, "since": instant(self.since), "reason": self.reason}

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"paused by {self.by} since {self.since:%Y-%m-%d %H:%M} UTC{why}"


def pausing(journal: Journal) -> Pause | None:
    """The pause that holds, None where guardian is at work."""
    kept = journal.recall(PAUSE)
    if kept is None:
        return None
    document: Json = json.loads(kept)
    since = moment(pick(document, "since"))
    if since is None:
        raise ValueError("a pause without a beginning")
    return Pause(text(document, "by"), since, text(document, "reason"))


def pause(journal: Journal, wanted: Pause) -> Pause:
    """Pause guardian; one that is paused already keeps who did it first, unless there is a new reason."""
    before = pausing(journal)
    if before and wanted.reason in {"", before.reason}:
        return before
    journal.remember(PAUSE, json.dumps(wanted.as_json()))
    note_pause(journal, wanted, wanted.since)
    return wanted


def note_pause(journal: Journal, held: Pause, now: datetime) -> None:
    """Let the digest tell of a pause."""
    journal.note([Finding(About.ROLLOUT, "guardian", str(held), now)])


def resume(journal: Journal, by: str, now: datetime) -> Pause | None:
    """End the pause; answers the one that held, None where there was none."""
    before = pausing(journal)
    if before:
        journal.forget(PAUSE)
        said = f"resumed by {by}; it was {before}"
        journal.note([Finding(About.ROLLOUT, "guardian", said, now, mended=True)])
    return before
