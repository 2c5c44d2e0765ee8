"""Other people's text made safe for Slack, and counted as Slack counts it. Pure.

A session's id, an owner or a tag is written by whoever starts the session: it must not call the channel, hide a link
or break the layout. So it comes into a message only through these functions, inside code, where Slack formats nothing.
"""

import unicodedata

MOST = 60  # characters of an id or a name; what is longer loses its middle
QUOTE = "\N{MODIFIER LETTER GRAVE ACCENT}"  # looks like a backtick and ends no code
ELLIPSIS = "…"


def size(text: str) -> int:
    """The length in UTF-16 units, the largest of the ways in which Slack may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def code(text: str, most: int = MOST) -> str:
    """Text inside a code span, at most ten times `most` long when escaped."""
    return f"`{escape(clip(clean(text), most)) or '-'}`"


def cell(text: str, width: int) -> str:
    """Text for a table inside a code block: at most `width` characters, padded to it."""
    shown = clip(clean(text), width)
    return escape(shown) + " " * (width - len(shown))


def escape(text: str) -> str:
    """Slack's three control characters as entities, and no backtick."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", QUOTE)


def clean(text: str) -> str:
    """One line without control, bidirectional, invisible or broken characters."""
    if text.isascii() and text.isprintable():  # nearly all there is, and there are thousands
        return " ".join(text.split())
    return " ".join("".join(map(_visible, text)).split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category.startswith("Z") or character in "\t\n\r":
        return " "
    return "" if category.startswith("C") else character


def clip(text: str, most: int) -> str:
    """Text of at most `most` characters: both ends of an id tell more than its beginning."""
    if len(text) <= most:
        return text
    head = most // 2
    return text[:head] + ELLIPSIS + text[len(text) - (most - head - 1) :]
