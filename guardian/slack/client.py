"""Digests in Slack. Facts, scopes and limits: docs/reference/digest.md."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from json import JSONDecodeError

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.web import SlackResponse

from guardian.digest import Digest
from guardian.documents import Document, Json, pick, text
from guardian.errors import AccessDenied, GuardianError, Refused, Unavailable
from guardian.slack.blocks import SlackMessage, headline, messages, note, notice
from guardian.slack.calls import Ask, AskingClient
from guardian.slack.chart import draw
from guardian.slack.details import is_cut
from guardian.slack.people import Directory, addresses
from guardian.slack.spreadsheet import spreadsheet
from guardian.slack.token import Token, token_of

EVENT = "guardian_digest"
SUMMARY, CHART, SHEET = 0, 1, 2  # the parts of a post; from 3 on the details
CHART_FILE, SHEET_FILE = "avoided-cost.png", "guardian.csv"
FILES = {CHART_FILE: CHART, SHEET_FILE: SHEET}
BASE_URL = "https://slack.com/api/"
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{7,}")
CODE = re.compile(r"[a-z_]+")  # anything else is a proxy's page
PAGE = 200
CHANNELS_PAGE = 999
MOST_PAGES = 50  # ten thousand messages since the crash: a channel in which nobody reads digests
PATIENCE = 5  # times that one call waits out a 429

DENIED = {
    "invalid_auth": "the bot token is wrong: set the one of your Slack app",
    "not_authed": "no bot token was sent: set the one of your Slack app",
    "account_inactive": "the app's bot was removed: install the app again",
    "token_revoked": "the bot token was revoked: install the app again",
    "token_expired": "the bot token has expired: install the app again",
    "missing_scope": "the app lacks a scope: add it and install the app again",
}
REFUSED = {
    "channel_not_found": "there is no such channel, or the bot may not see it: invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "the channel is archived: name another one in the policy",
}
LATER = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
}


@dataclass(frozen=True)
class Upload:
    """A file of a digest; its content is made when it is needed."""

    name: str
    title: str
    content: Callable[[], bytes]
    alt_text: str = ""


class SlackAnnouncer:
    """Posts digests with a bot token: a summary into the channel, chart and details into its thread.

    A reference is `channel id/timestamp`.
    """

    def __init__(
        self, token: str | Token, base_url: str = BASE_URL, timeout: int = 30, acting: Ask = bool
    ) -> None:
        limits = RateLimitErrorRetryHandler(max_retry_count=PATIENCE)
        again = [
            ConnectionErrorRetryHandler(max_retry_count=2),
            ServerErrorRetryHandler(max_retry_count=2),
        ]
        self._reader = AskingClient(token_of(token), base_url, timeout, [limits, *again], acting)
        # Slack may have taken a message whose answer was lost: only a 429 is surely safe to send again.
        self._writer = AskingClient(token_of(token), base_url, timeout, [limits], acting)
        self._directory = Directory(self._user)

    def check(self) -> None:
        _answer(self._reader.auth_test)

    def post(self, digest: Digest, key: str, resume: str = "") -> str:
        people = self._directory.of(addresses(digest), digest.window.until)
        summary, *details = messages(digest, people)
        reference = resume or self._say(digest.channel, summary, key, SUMMARY)
        channel, _, thread = reference.partition("/")
        told = self._told(channel, thread, key) if resume else frozenset[int]()
        for file in _files(digest):
            if FILES[file.name] not in told:
                self._upload(channel, thread, file, key)
        for part, message in enumerate(details, SHEET + 1):
            if part not in told:
                self._say(channel, message, key, part, thread)
        return reference

    def announce_notice(self, key: str, channel: str, lines: Sequence[str]) -> str:
        return self._say(channel, notice(lines), key, SUMMARY)

    def find(self, channel: str, key: str) -> str | None:
        return next((reference for _, reference in self._posted(channel, {key})), None)

    def latest(self, channel: str, keys: Collection[str]) -> str | None:
        return next((key for key, _ in self._posted(channel, keys)), None)

    def _posted(self, channel: str, keys: Collection[str]) -> Iterator[tuple[str, str]]:
        """The key and the reference of every post under one of the keys, newest first."""
        place = self._channel_id(channel)
        for message in self._pages(
            "messages",
            lambda cursor: self._reader.conversations_history(
                channel=place, include_all_metadata=True, limit=PAGE, cursor=cursor
            ),
            channel,
        ):
            key = text(message, "metadata.event_payload.key")
            if key in keys and _part(message, key) == SUMMARY:
                yield key, f"{place}/{text(message, 'ts')}"

    def _say(
        self, channel: str, message: SlackMessage, key: str, part: int, thread: str = ""
    ) -> str:
        answer = _answer(
            lambda: self._writer.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
                metadata={"event_type": EVENT, "event_payload": {"key": key, "part": part}},
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
        )
        return f"{text(answer, 'channel')}/{text(answer, 'ts')}"

    def _upload(self, channel: str, thread: str, file: Upload, key: str) -> None:
        try:
            _answer(
                lambda: self._writer.files_upload_v2(
                    channel=channel,
                    thread_ts=thread,
                    filename=file.name,
                    content=file.content(),
                    title=file.title,
                    alt_txt=file.alt_text or None,
                ),
                channel,
            )
        except (AccessDenied, Refused) as error:  # a missing scope must not hold up the digest
            said = note(f"{file.title}: the file could not be uploaded: {error}")
            self._say(channel, said, key, FILES[file.name], thread)

    def _user(self, address: str) -> str | None:
        """The id of who has this address, empty where nobody has; None where Slack does not tell."""
        try:
            answer = _answer(lambda: self._reader.users_lookupByEmail(email=address))
        except Refused:  # users_not_found, or no address to Slack
            return ""
        except (AccessDenied, Unavailable):  # a missing scope: people are named then
            return None
        return text(answer, "user.id")

    def _told(self, channel: str, thread: str, key: str) -> frozenset[int]:
        """The parts of a post that its thread holds already."""
        replies = self._pages(
            "messages",
            lambda cursor: self._reader.conversations_replies(
                channel=channel, ts=thread, include_all_metadata=True, limit=PAGE, cursor=cursor
            ),
            channel,
        )
        return frozenset(_part(reply, key) for reply in replies)

    def _channel_id(self, channel: str) -> str:
        """The id of a channel by its name: reading wants the id where posting takes the name."""
        name = channel.removeprefix("#")
        if CHANNEL_ID.fullmatch(name):
            return name
        for found in self._pages(
            "channels",
            lambda cursor: self._reader.conversations_list(
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=CHANNELS_PAGE,
                cursor=cursor,
            ),
            channel,
        ):
            if text(found, "name") == name:
                return text(found, "id")
        code = "channel_not_found"
        raise Refused(f"Slack: {channel}: {code}: {REFUSED[code]}")

    def _pages(
        self, items: str, page: Callable[[str | None], SlackResponse], channel: str
    ) -> Iterator[Json]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = _answer(partial(page, cursor), channel)
            found = pick(answer, items)
            yield from found if isinstance(found, list) else ()
            cursor = text(answer, "response_metadata.next_cursor")
            if not cursor:
                return


def _files(digest: Digest) -> Iterator[Upload]:
    if digest.avoided.usd:
        yield Upload(CHART_FILE, "Avoided cost per day", partial(draw, digest), headline(digest))
    if is_cut(digest):
        yield Upload(SHEET_FILE, "All of it as a spreadsheet", partial(spreadsheet, digest))


def answered(call: Callable[[], SlackResponse], channel: str = "") -> Document:
    """What Slack answers to the other modules at the seam, or the error that says what to do."""
    return _answer(call, channel)


def _part(message: Json, key: str) -> int:
    """Which part of the post under `key` a message is; -1 for none."""
    for name in _names(pick(message, "files[].name")):
        if isinstance(name, str) and name in FILES:
            return FILES[name]
    payload = pick(message, "metadata.event_payload")
    if text(message, "metadata.event_type") != EVENT or text(payload, "key") != key:
        return -1
    part = pick(payload, "part")
    return part if isinstance(part, int) else -1


def _names(found: Json) -> Sequence[Json]:
    return found if isinstance(found, list) else ()


def _answer(call: Callable[[], SlackResponse], channel: str = "") -> Document:
    """What Slack answers, or the error that says what to do."""
    try:
        data = call().data
    except SlackApiError as error:
        raise _translated(error, channel) from error
    except (SlackClientError, OSError, HTTPException, JSONDecodeError) as error:
        raise Unavailable(f"Slack cannot be reached: {error}") from error
    return data if isinstance(data, Mapping) else {}


def _translated(error: SlackApiError, channel: str) -> GuardianError:
    code, status = _code_and_status(error)
    where = f"Slack: {channel}" if channel else "Slack"
    if code in DENIED:
        return AccessDenied(f"{where}: {code}: {DENIED[code]}")
    if code in LATER or status in {429, *range(500, 600)} or not CODE.fullmatch(code):
        return Unavailable(f"{where}: {code or status}")
    return Refused(f"{where}: {code}: {REFUSED.get(code, 'Slack did not take it')}")


def _code_and_status(error: SlackApiError) -> tuple[str, int]:
    response = error.response
    if not isinstance(response, SlackResponse):
        return "", HTTPStatus.BAD_GATEWAY
    data = response.data
    return text(data, "error") if isinstance(data, dict) else "", response.status_code
