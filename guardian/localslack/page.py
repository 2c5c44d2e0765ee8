"""The workspace as one web page that needs no script and nothing from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from guardian.localslack.mrkdwn import mrkdwn
from guardian.localslack.render import names, render_block, render_file
from guardian.localslack.workspace import BOT_NAME, Channel, Message, Workspace

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'self'"
)
"""What the page may do, in case some text did come through: nothing but press a button of its own."""
SOMEBODY = "ana"
"""Who presses and types where nobody says who."""


@dataclass(frozen=True)
class Shown:
    """A message as the page shows it."""

    at: datetime
    body: Markup
    edited: bool
    ts: str
    only_for: str = ""
    replies: tuple["Shown", ...] = ()


def render_page(
    workspace: Workspace,
    refresh: int | None = None,
    person: str = "",
    said: str = "",
    here: str = "",
) -> str:
    """The page, pictures included; it loads itself anew every `refresh` seconds, if any.

    `person` is who presses its buttons, nobody where it is empty; `said` is what came of the last press,
    `here` the address that it loads itself from, where that is not its own.
    """
    with workspace.lock:
        channels = [(found, _messages(found, workspace)) for found in workspace.channels.values()]
    template = Environment(autoescape=True).from_string(_asset("page.html"))
    style = Markup(_asset("page.css"))  # noqa: S704 - our own style sheet
    return template.render(
        channels=channels,
        bot=BOT_NAME,
        policy=POLICY,
        refresh=refresh,
        style=style,
        person=person,
        said=said,
        here=here,
    )


def _messages(channel: Channel, workspace: Workspace) -> list[Shown]:
    return [
        _shown(message, workspace, channel.replies(message.ts))
        for message in channel.messages.values()
        if not message.is_reply or message.broadcast
    ]


def _shown(message: Message, workspace: Workspace, replies: list[Message]) -> Shown:
    known = names(workspace)
    return Shown(
        at=datetime.fromtimestamp(float(message.ts), UTC),
        body=_body(message, workspace, known),
        edited=message.edited_ts is not None,
        ts=message.ts,
        only_for=known.get(message.only_for, "somebody") if message.only_for else "",
        replies=tuple(_shown(reply, workspace, []) for reply in replies),
    )


def _body(message: Message, workspace: Workspace, known: Mapping[str, str]) -> Markup:
    blocks = [render_block(block, workspace) for block in message.blocks]
    if not blocks and message.text:
        blocks = [Markup("<div>{}</div>").format(mrkdwn(message.text, known))]
    pictures = [render_file(workspace.files[file_id]) for file_id in message.file_ids]
    return Markup().join([*blocks, *pictures])


def _asset(name: str) -> str:
    return files("guardian.localslack").joinpath(name).read_text(encoding="utf-8")
