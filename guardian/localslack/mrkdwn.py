"""Slack's mrkdwn as HTML. Whatever the text holds, only tags from this module come out. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from markupsafe import Markup, escape

TOKEN = re.compile(r"```(.+?)```|`([^`\n]+)`|<([^<>\n]+)>", re.DOTALL)
PLACE = re.compile("\ufdd0(\\d+)\ufdd1")
PLACEMARKS = re.compile("[\ufdd0\ufdd1]")
EMPHASIS = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])"), r"<b>\1</b>"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]*[^_\s])_(?![\w_])"), r"<i>\1</i>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]*[^~\s])~(?![\w~])"), r"<s>\1</s>"),
)
QUOTE = re.compile(r"^(?:&gt; ?[^\n]*(?:\n|$))+", re.MULTILINE)
EMOJI = re.compile(r":([a-z0-9_+-]+):")
DATE_PART = re.compile(r"\{(\w+)\}")
LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)

SYMBOLS = {
    "bar_chart": "\U0001f4ca",
    "bell": "\U0001f514",
    "eyes": "\U0001f440",
    "hourglass": "\u231b",
    "information_source": "\u2139\ufe0f",
    "moneybag": "\U0001f4b0",
    "rotating_light": "\U0001f6a8",
    "tada": "\U0001f389",
    "warning": "\u26a0\ufe0f",
    "wave": "\U0001f44b",
    "white_check_mark": "\u2705",
    "x": "\u274c",
    "zzz": "\U0001f4a4",
}
DATES: Mapping[str, Callable[[datetime], str]] = {
    "ago": lambda at: f"at {at:%Y-%m-%d %H:%M}",
    "date": lambda at: f"{at:%B} {at.day}, {at.year}",
    "date_long": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "date_long_pretty": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "date_num": lambda at: f"{at:%Y-%m-%d}",
    "date_pretty": lambda at: f"{at:%B} {at.day}, {at.year}",
    "date_short": lambda at: f"{at:%b} {at.day}, {at.year}",
    "date_short_pretty": lambda at: f"{at:%b} {at.day}, {at.year}",
    "time": lambda at: f"{at:%H:%M}",
    "time_secs": lambda at: f"{at:%H:%M:%S}",
}


def mrkdwn(text: str, names: Mapping[str, str]) -> Markup:
    """Formatted text; `names` are those of users and channels by id. Dates are in UTC."""
    kept: list[Markup] = []

    def keep(found: re.Match[str]) -> str:
        fence, code, token = found.groups()
        if fence is not None:
            kept.append(Markup("<pre>{}</pre>").format(_literal(fence.strip("\n"))))
        elif code is not None:
            kept.append(Markup("<code>{}</code>").format(_literal(code)))
        else:
            kept.append(_special(token, names))
        return f"\ufdd0{len(kept) - 1}\ufdd1"

    shown = str(escape(_literal(TOKEN.sub(keep, PLACEMARKS.sub("", text)))))
    for pattern, replacement in EMPHASIS:
        shown = pattern.sub(replacement, shown)
    shown = EMOJI.sub(_symbol, QUOTE.sub(_quote, shown))
    shown = PLACE.sub(lambda found: str(kept[int(found[1])]), shown)
    return _with_breaks(shown)


def plain(text: str) -> Markup:
    """Text of a `plain_text` object: no formatting but emoji and line breaks."""
    return _with_breaks(EMOJI.sub(_symbol, str(escape(text))))


def date(epoch: str, form: str, fallback: str) -> Markup:
    """A moment as `<!date^epoch^form|fallback>` shows it; the fallback if it is none."""
    try:
        at = datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return escape(_literal(fallback))
    said = DATE_PART.sub(
        lambda part: DATES[part[1]](at) if part[1] in DATES else part[0], _literal(form)
    )
    return Markup('<time title="{}">{}</time>').format(f"{at:%Y-%m-%d %H:%M} UTC", said)


def link(address: str, label: str | Markup) -> Markup:
    """A link, if the address is one that may be followed; otherwise both as text."""
    if not LINK.match(address):
        return Markup("{} ({})").format(label, address)
    return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(
        address, label
    )


def mention(name: str) -> Markup:
    """Somebody, a channel or everybody, as Slack marks them."""
    return Markup('<span class="mention">{}</span>').format(name)


def emoji(name: str) -> Markup:
    """An emoji by its name; the name itself if it is not known here."""
    return escape(SYMBOLS.get(name, f":{name}:"))


def _special(token: str, names: Mapping[str, str]) -> Markup:
    """What stands between angle brackets: a date, a mention or a link."""
    target, _, label = token.partition("|")
    label = _literal(label)
    if target.startswith("!date^"):
        _, epoch, form = [*target.split("^"), "", ""][:3]
        return date(epoch, form, label)
    if target.startswith("!"):
        return mention(label or f"@{target[1:].partition('^')[0]}")
    if target.startswith(("@", "#")):
        return mention(target[0] + (label or names.get(target[1:], target[1:])))
    address = _literal(target)
    return link(address, label or address) if LINK.match(address) else escape(f"<{token}>")


def _literal(text: str) -> str:
    """Text without Slack's own three escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _symbol(found: re.Match[str]) -> str:
    return SYMBOLS.get(found[1], found[0])


def _quote(found: re.Match[str]) -> str:
    lines = [line.removeprefix("&gt;").strip() for line in found[0].splitlines()]
    return "<blockquote>" + "\n".join(lines) + "</blockquote>"


def _with_breaks(shown: str) -> Markup:
    """Line breaks as tags, but not inside of `pre`, where they count already."""
    parts = re.split(r"(<pre>.*?</pre>)", shown, flags=re.DOTALL)
    broken = [p if p.startswith("<pre>") else p.replace("\n", "<br>") for p in parts]
    return Markup("".join(broken))  # noqa: S704 - every piece was escaped above
