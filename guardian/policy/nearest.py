"""The right word for a misspelt one."""

import difflib
from collections.abc import Iterable

FEW = 10


def hint(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or the known words where none is near and they are few; else nothing."""
    words = list(known)
    by_lower = {candidate.lower(): candidate for candidate in words}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {by_lower[near[0]]}?"
    return f"; known: {', '.join(words)}" if 0 < len(words) <= FEW else ""
