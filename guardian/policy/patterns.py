"""Patterns with `*` and `?`, as policies and kinds write them. Pure."""

import re


def matches(pattern: str, value: str) -> bool:
    """Whether a pattern with `*` and `?` fits all of a text."""
    return re.fullmatch(wildcard(pattern), value) is not None


_SIGNS = {
    "*": r"[\s\S]*",
    "?": r"(?:[^\uD800-\uDFFF]|[\uD800-\uDBFF][\uDC00-\uDFFF])",  # one may be two of JavaScript's
    "\\": r"\x5c",  # JSONata takes the sign after any backslash for escaped, and misses a bracket's end
}


def wildcard(pattern: str) -> str:
    """A pattern as a regular expression, without its anchors, that Python, JavaScript and Java read alike."""
    return "".join(
        _SIGNS.get(c) or (c if c.isalnum() or not c.isascii() else f"\\{c}") for c in pattern
    )
