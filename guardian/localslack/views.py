"""Channels, messages and files as the Web API answers them."""

import mimetypes
from typing import Any
from urllib.parse import quote

from guardian.localslack.workspace import (
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    Channel,
    File,
    Message,
    Workspace,
)


def channel_view(channel: Channel) -> dict[str, Any]:
    """A channel, and whether the bot is in it."""
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_private": False,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
    }


def message_view(
    workspace: Workspace, channel: Channel, message: Message, url: str, *, metadata: bool
) -> dict[str, Any]:
    """A message, with its metadata only on request, and with the state of its thread."""
    view: dict[str, Any] = {
        "type": "message",
        "user": BOT_USER,
        "bot_id": BOT_ID,
        "team": TEAM_ID,
        "ts": message.ts,
        "text": message.text,
    }
    if message.blocks:
        view["blocks"] = list(message.blocks)
    if message.file_ids:
        view["files"] = [file_view(workspace.files[found], url) for found in message.file_ids]
        view["upload"] = True
    if message.only_for:
        view |= {"is_ephemeral": True, "only_for": message.only_for}
    if message.edited_ts:
        view["edited"] = {"user": BOT_USER, "ts": message.edited_ts}
    if metadata and message.metadata is not None:
        view["metadata"] = dict(message.metadata)
    return view | _thread(channel, message)


def _thread(channel: Channel, message: Message) -> dict[str, Any]:
    if message.is_reply:
        broadcast = {"subtype": "thread_broadcast"} if message.broadcast else {}
        return {"thread_ts": message.thread_ts, "parent_user_id": BOT_USER, **broadcast}
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": [BOT_USER],
        "reply_users_count": 1,
        "latest_reply": replies[-1].ts,
    }


def file_view(file: File, url: str) -> dict[str, Any]:
    """A file; its bytes are at `url_private`."""
    address = f"{url}localslack/files/{file.id}/{quote(file.name, safe='')}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "alt_txt": file.alt_text,
        "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "size": file.length,
        "created": file.created,
        "timestamp": file.created,
        "user": BOT_USER,
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
    }
