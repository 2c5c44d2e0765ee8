"""The Web API methods: what each takes, answers and refuses."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from guardian.localslack.blocks import TOTAL, characters, problems
from guardian.localslack.views import channel_view, file_view, message_view
from guardian.localslack.workspace import (
    BOT_ID,
    BOT_NAME,
    BOT_USER,
    TEAM_ID,
    Channel,
    File,
    Message,
    Workspace,
)

MAX_TEXT = 40_000
MAX_PAGE = 1000
Answer = dict[str, Any]
T = TypeVar("T")


class SlackError(Exception):
    """A call that Slack answers with `ok: false`, and what it says besides."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer: Answer = {"ok": False, "error": code, **more}


@dataclass(frozen=True)
class Call:
    """One call: the workspace, the address of this server, and the parameters as they came."""

    workspace: Workspace
    url: str
    params: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name) or default)
        except ValueError as error:
            raise SlackError("invalid_arguments") from error

    def structure(self, name: str, error: str) -> Any:
        """A list or an object: JSON in a form, itself in a JSON body. None when it is missing."""
        value = self.params.get(name)
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as problem:
            raise SlackError(error) from problem

    def channel(self, name: str = "channel", *, by_name: bool = False) -> Channel:
        found = self.workspace.channel(self.text(name), by_name=by_name)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def open_channel(self, name: str = "channel", *, by_name: bool = False) -> Channel:
        """One that the bot may write into."""
        found = self.channel(name, by_name=by_name)
        if found.is_archived:
            raise SlackError("is_archived")
        return self._entered(found)

    def joined_channel(self) -> Channel:
        """One that the bot may read."""
        return self._entered(self.channel())

    def _entered(self, channel: Channel) -> Channel:
        if not channel.is_member:
            raise SlackError("not_in_channel")
        return channel

    def page(self, items: Sequence[T], default: int) -> tuple[Sequence[T], Answer]:
        """One page of `items` and what tells the way to the next."""
        limit = self.number("limit", default)
        if not 1 <= limit <= MAX_PAGE:
            raise SlackError("invalid_limit")
        start = _offset(self.text("cursor"))
        end = start + limit
        cursor = _cursor(end) if end < len(items) else ""
        return items[start:end], {"response_metadata": {"next_cursor": cursor}}


def auth_test(call: Call) -> Answer:
    ids = {"team_id": TEAM_ID, "user_id": BOT_USER, "bot_id": BOT_ID}
    return {"url": call.url, "team": "Local Slack", "user": BOT_NAME, **ids}


def chat_post_message(call: Call) -> Answer:
    channel = call.open_channel(by_name=True)
    message = Message(
        ts="",
        text=_checked_text(call),
        blocks=_checked_blocks(call),
        thread_ts=_thread(call, channel),
        metadata=_checked_metadata(call),
        broadcast=call.flag("reply_broadcast"),
    )
    posted = call.workspace.post(channel, message)
    view = message_view(call.workspace, channel, posted, call.url, metadata=True)
    return {"channel": channel.id, "ts": posted.ts, "message": view}


def chat_update(call: Call) -> Answer:
    channel = call.open_channel()
    old = channel.messages.get(call.text("ts"))
    if old is None or old.only_for:
        raise SlackError("message_not_found")
    new = replace(
        old,
        text=_checked_text(call),
        blocks=_checked_blocks(call),
        edited_ts=call.workspace.new_ts(),
    )
    if (metadata := _checked_metadata(call)) is not None:
        new = replace(new, metadata=metadata)
    channel.messages[old.ts] = new
    view = message_view(call.workspace, channel, new, call.url, metadata=True)
    return {"channel": channel.id, "ts": new.ts, "text": new.text, "message": view}


def chat_post_ephemeral(call: Call) -> Answer:
    channel, user = call.open_channel(), call.text("user")
    if user not in call.workspace.names:
        raise SlackError("user_not_in_channel")
    posted = call.workspace.post(
        channel,
        Message(ts="", text=_checked_text(call), blocks=_checked_blocks(call), only_for=user),
    )
    return {"message_ts": posted.ts}


def conversations_open(call: Call) -> Answer:
    users = [user for user in call.text("users").split(",") if user]
    if len(users) != 1:
        raise SlackError("not_enough_users" if not users else "too_many_users")
    if users[0] not in call.workspace.names:
        raise SlackError("user_not_found")
    return {"channel": {"id": call.workspace.direct(users[0]).id}}


def usergroups_users_list(call: Call) -> Answer:
    group = call.text("usergroup")
    if group not in call.workspace.groups:
        raise SlackError("no_such_subteam")
    return {"users": list(call.workspace.groups[group])}


def conversations_list(call: Call) -> Answer:
    types = (call.text("types") or "public_channel").split(",")
    public = [found for found in call.workspace.channels.values() if not found.user]
    found = public if "public_channel" in types else []
    if call.flag("exclude_archived"):
        found = [channel for channel in found if not channel.is_archived]
    page, more = call.page(found, 100)
    return {"channels": [channel_view(channel) for channel in page], **more}


def conversations_info(call: Call) -> Answer:
    return {"channel": channel_view(call.channel())}


def conversations_history(call: Call) -> Answer:
    channel = call.joined_channel()
    lasting = [m for m in channel.messages.values() if not m.only_for]
    found = [m for m in lasting if not m.is_reply or m.broadcast]
    newest_first = [m for m in reversed(found) if _within(m, call)]
    page, more = call.page(newest_first, 100)
    has_more = bool(more["response_metadata"]["next_cursor"])
    return {"messages": _views(call, channel, page), "has_more": has_more, **more}


def conversations_replies(call: Call) -> Answer:
    channel = call.joined_channel()
    parent = channel.messages.get(call.text("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.is_reply:
        parent = channel.messages[str(parent.thread_ts)]
    replies = [m for m in channel.replies(parent.ts) if _within(m, call)]
    page, more = call.page([parent, *replies], MAX_PAGE)
    has_more = bool(more["response_metadata"]["next_cursor"])
    return {"messages": _views(call, channel, page), "has_more": has_more, **more}


def files_get_upload_url_external(call: Call) -> Answer:
    name, length = call.text("filename"), call.number("length", 0)
    if not name or length < 1:
        raise SlackError("invalid_arguments")
    file = call.workspace.expect_file(name, length, call.text("alt_txt"))
    return {"upload_url": f"{call.url}localslack/upload/{file.id}", "file_id": file.id}


def files_complete_upload_external(call: Call) -> Answer:
    wanted = call.structure("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    ids = call.text("channel_id") or call.text("channels")
    channels = [_upload_channel(call, channel) for channel in ids.split(",") if channel]
    threads = [_thread(call, channel) for channel in channels]
    files = [_complete(call, asked) for asked in wanted]
    for channel, thread in zip(channels, threads, strict=True):
        message = Message(
            ts="",
            text=call.text("initial_comment"),
            thread_ts=thread,
            file_ids=tuple(file.id for file in files),
        )
        call.workspace.post(channel, message)
    return {"files": [file_view(file, call.url) for file in files]}


def files_info(call: Call) -> Answer:
    file = call.workspace.files.get(call.text("file"))
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    return {"file": file_view(file, call.url), "comments": []}


def users_lookup_by_email(call: Call) -> Answer:
    email = call.text("email")
    user_id = call.workspace.person(email)
    if user_id is None:
        raise SlackError("users_not_found")
    name = call.workspace.names[user_id]
    profile = {"email": email, "real_name": name, "display_name": name}
    user = {"id": user_id, "team_id": TEAM_ID, "name": name, "deleted": False, "is_bot": False}
    return {"user": {**user, "profile": profile}}


def _checked_text(call: Call) -> str:
    text = call.text("text")
    if len(text) > MAX_TEXT:
        raise SlackError("msg_too_long")
    if not text and not call.params.get("blocks"):
        raise SlackError("no_text")
    return text


def _checked_blocks(call: Call) -> Sequence[Mapping[str, Any]]:
    blocks = call.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return ()
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if found := list(problems(blocks)):
        messages = [f"[ERROR] {problem}" for problem in found]
        metadata = {"messages": messages}
        raise SlackError("invalid_blocks", errors=found, response_metadata=metadata)
    if characters(blocks) > TOTAL:
        raise SlackError("msg_blocks_too_long")
    return blocks


def _checked_metadata(call: Call) -> Mapping[str, Any] | None:
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), Mapping):
        raise SlackError("invalid_metadata_schema")
    return metadata


def _thread(call: Call, channel: Channel) -> str | None:
    """The parent of the thread that a message is for; a reply stands for its parent."""
    ts = call.text("thread_ts")
    if not ts:
        return None
    if ts not in channel.messages:
        raise SlackError("cannot_reply_to_message")
    return channel.messages[ts].thread_ts or ts


def _upload_channel(call: Call, channel_id: str) -> Channel:
    found = call.workspace.channel(channel_id)
    if found is None:
        raise SlackError("channel_not_found")
    if found.is_archived or not found.is_member:
        raise SlackError("is_archived" if found.is_archived else "not_in_channel")
    return found


def _complete(call: Call, asked: Mapping[str, Any]) -> File:
    file = call.workspace.files.get(str(asked.get("id")))
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    titled = replace(file, title=str(asked.get("title") or file.name))
    call.workspace.files[file.id] = titled
    return titled


def _views(call: Call, channel: Channel, messages: Sequence[Message]) -> list[Answer]:
    metadata = call.flag("include_all_metadata")
    return [
        message_view(call.workspace, channel, message, call.url, metadata=metadata)
        for message in messages
    ]


def _within(message: Message, call: Call) -> bool:
    """Whether a message lies between `oldest` and `latest`; the ends count if `inclusive`."""
    oldest, latest = call.text("oldest"), call.text("latest")
    if call.flag("inclusive") and message.ts in (oldest, latest):
        return True
    after = not oldest or float(message.ts) > float(oldest)
    return after and (not latest or float(message.ts) < float(latest))


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"next:{position}".encode()).decode()


def _offset(cursor: str) -> int:
    try:
        return int(urlsafe_b64decode(cursor).decode().removeprefix("next:")) if cursor else 0
    except ValueError as error:
        raise SlackError("invalid_cursor") from error
