"""A warning as Block Kit, before and after somebody did something about it. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from guardian.documents import Json
from guardian.notice import StopWarning
from guardian.slack.blocks import SlackMessage
from guardian.slack.text import clean, clip, code, escape, size

ACTIONS: Final[Mapping[str, str]] = {
    "keep-1h": "Keep 1 h",
    "keep-4h": "Keep 4 h",
    "keep-tomorrow": "Keep until tomorrow 09:00",
    "stop-now": "Stop now",
}
"""The buttons, by what a press of each is called."""
STOP = "stop-now"
USER = re.compile(r"[UW][A-Z0-9]{2,20}")
MOST = 300  # characters of an answer
SECTION, LINE = 2900, 300  # of what one person is told


def warning_message(warning: StopWarning, user: str) -> SlackMessage:
    """What is going to be stopped, and what can be done about it."""
    return SlackMessage(_headline(warning), (*_about(warning, user), _buttons(warning)))


def settled_message(warning: StopWarning, answer: str, user: str) -> SlackMessage:
    """The same once somebody has done something: who did what, and no buttons."""
    said = (
        f"*{escape(clip(clean(answer), MOST))}*{f' (<@{user}>)' if USER.fullmatch(user) else ''}"
    )
    done: Mapping[str, Json] = {"type": "context", "elements": [_mrkdwn(said)]}
    return SlackMessage(
        f"{_headline(warning, 'was to be')}: {escape(clip(clean(answer), MOST))}",
        (*_about(warning, "", "was to be"), done),
    )


def whispered(said: str) -> SlackMessage:
    """An answer of a few lines to one person. They may hold other people's words."""
    shown = ""
    for line in said.splitlines():
        longer = f"{shown}\n{escape(clip(clean(line), LINE))}".strip()
        if size(longer) > SECTION:
            break
        shown = longer
    shown = shown or "-"
    return SlackMessage(shown, ({"type": "section", "text": _mrkdwn(shown)},))


def _headline(warning: StopWarning, will: str = "will be") -> str:
    notice = warning.notice
    at = notice.stops.astimezone(UTC)
    return f"{_title(warning)} {code(notice.id)} {will} stopped at {at:%H:%M} UTC"


def _about(warning: StopWarning, user: str, will: str = "will be") -> Iterator[Mapping[str, Json]]:
    notice = warning.notice
    said = (
        f":hourglass: *{_title(warning)}* {code(notice.id)} {will} stopped {_when(notice.stops)}"
    )
    yield {"type": "section", "text": _mrkdwn(said)}
    owner = f"<@{user}>" if USER.fullmatch(user) else code(notice.owner or "nobody knows")
    fields = {
        "Whose": owner,
        "Where": f"{code(warning.account)} {notice.target.account} · {code(notice.target.region)}",
        "Running since": _when(notice.started) if notice.started else "unknown",
        "Costs": _cost(warning),
    }
    shown: list[Json] = [_mrkdwn(f"*{name}*\n{value}") for name, value in fields.items()]
    yield {"type": "section", "fields": shown}


def _title(warning: StopWarning) -> str:
    """A kind that this version does not know is called what a member account calls it."""
    return escape(clip(clean(warning.title), 60)) or "Something"


def _cost(warning: StopWarning) -> str:
    if warning.usd_per_hour is None:
        return f"unknown ({escape(clip(clean(warning.basis), 120))})"
    return f"about ${warning.usd_per_hour:.2f} an hour"


def _when(at: datetime) -> str:
    """A moment as each reader's own clock shows it."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC>"


def _buttons(warning: StopWarning) -> Mapping[str, Json]:
    """Their value names the journal's record of the warning, and nothing else."""
    elements: list[Json] = []
    for action, label in ACTIONS.items():
        button: dict[str, Json] = {
            "type": "button",
            "action_id": action,
            "value": warning.notice.identity,
            "text": {"type": "plain_text", "text": label},
        }
        style: dict[str, Json] = {"style": "danger"} if action == STOP else {}
        elements.append({**button, **({"style": "primary"} if action == "keep-1h" else style)})
    return {"type": "actions", "block_id": "guardian-warning", "elements": elements}


def _mrkdwn(text: str) -> Mapping[str, Json]:
    return {"type": "mrkdwn", "text": text}
