"""What people do on the page: press buttons and type commands, in the form in which Slack hands it to an app."""

from collections.abc import Mapping
from typing import Any

from guardian.localslack.views import message_view
from guardian.localslack.workspace import APP_ID, PEOPLE, TEAM_ID, Channel, Message, Workspace

TEAM = {"id": TEAM_ID, "domain": "local"}


class NoSuch(Exception):
    """A channel, message, button or person that is not there."""


def pressed(workspace: Workspace, asked: Mapping[str, str], url: str) -> dict[str, Any]:
    """The payload of a press: `channel`, `ts` and `action` name the button, `as` is who presses. Raises NoSuch."""
    channel, message = _message(workspace, asked)
    button, block_id = _button(message, asked.get("action", ""))
    ephemeral = message.only_for is not None
    return {
        "type": "block_actions",
        "user": _user(workspace, asked.get("as", "")),
        "api_app_id": APP_ID,
        "team": TEAM,
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        },
        "trigger_id": f"{message.ts}.trigger",
        "channel": {"id": channel.id, "name": channel.name},
        "message": message_view(workspace, channel, message, url, metadata=True),
        "state": {"values": {}},
        "actions": [
            {
                "type": "button",
                "action_id": button.get("action_id", ""),
                "block_id": block_id,
                "text": button.get("text", {}),
                "value": button.get("value", ""),
                "action_ts": workspace.new_ts(),
            }
        ],
    }


def commanded(workspace: Workspace, asked: Mapping[str, str]) -> dict[str, Any]:
    """The payload of a slash command: `text` begins with it. Raises NoSuch."""
    channel = workspace.channel(asked.get("channel", ""))
    command, _, text = asked.get("text", "").strip().partition(" ")
    if channel is None or not command.startswith("/"):
        raise NoSuch("no such channel, or no command")
    user = _user(workspace, asked.get("as", ""))
    return {
        "team_id": TEAM_ID,
        "team_domain": TEAM["domain"],
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": user["id"],
        "user_name": user["username"],
        "command": command,
        "text": text.strip(),
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "trigger_id": f"{workspace.new_ts()}.trigger",
    }


def buttons(message: Message) -> list[tuple[Mapping[str, Any], str]]:
    """The buttons of a message, each with its block's id."""
    found: list[tuple[Mapping[str, Any], str]] = []
    for number, block in enumerate(message.blocks):
        held = [*block.get("elements", ()), *filter(None, [block.get("accessory")])]
        block_id = str(block.get("block_id", f"block{number}"))
        found += [(each, block_id) for each in held if each.get("type") == "button"]
    return found


def _message(workspace: Workspace, asked: Mapping[str, str]) -> tuple[Channel, Message]:
    channel = workspace.channel(asked.get("channel", ""))
    message = channel.messages.get(asked.get("ts", "")) if channel else None
    if channel is None or message is None:
        raise NoSuch("no such message")
    return channel, message


def _button(message: Message, action: str) -> tuple[Mapping[str, Any], str]:
    for button, block_id in buttons(message):
        if button.get("action_id") == action:
            return button, block_id
    raise NoSuch("no such button")


def _user(workspace: Workspace, name: str) -> dict[str, Any]:
    user_id = workspace.person(f"{name}{PEOPLE}")
    if user_id is None:
        raise NoSuch("nobody of that name")
    return {"id": user_id, "username": name, "name": name, "team_id": TEAM_ID}
