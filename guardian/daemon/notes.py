"""What the daemon notes once, however often it finds it out."""

from dataclasses import dataclass, field

from guardian.app import Guardian
from guardian.outcome import About, Finding


@dataclass
class Notes:
    """Findings that are news. One that was told since the daemon started is none."""

    guardian: Guardian
    _known: set[tuple[About, str]] = field(default_factory=set)

    def note_once(self, about: About, subject: str, reason: str) -> bool:
        """Note it, and answer whether it is news."""
        news = (about, reason) not in self._known
        if news:
            self._known.add((about, reason))
            self.guardian.journal.note([Finding(about, subject, reason, self.guardian.now())])
        return news
