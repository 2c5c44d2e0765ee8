"""Looks at guardian's own Slack app: its token, its scopes, and the channels it is to write to."""

from collections.abc import Mapping

from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
)
from slack_sdk.web import SlackResponse

from guardian.documents import Document, Json, pick, text
from guardian.errors import Refused
from guardian.ports import Bot, ChannelState
from guardian.slack.calls import AskingClient
from guardian.slack.client import BASE_URL, CHANNEL_ID, CHANNELS_PAGE, MOST_PAGES, answered
from guardian.slack.token import Token, token_of

SCOPES = "x-oauth-scopes"
UNKNOWN = "channel_not_found"


class SlackInspection:
    """Speaks with the bot's token, and for the socket with the app's own."""

    def __init__(
        self,
        token: str | Token,
        app_token: str | Token,
        base_url: str = BASE_URL,
        timeout: int = 30,
    ) -> None:
        again = [
            RateLimitErrorRetryHandler(max_retry_count=2),
            ConnectionErrorRetryHandler(max_retry_count=2),
        ]
        self._client = AskingClient(token_of(token), base_url, timeout, again)
        self._app = AskingClient(token_of(app_token), base_url, timeout, again)

    def bot(self) -> Bot:
        heard: list[SlackResponse] = []

        def ask() -> SlackResponse:
            heard.append(self._client.auth_test())
            return heard[-1]

        answer = answered(ask)
        return Bot(text(answer, "user"), text(answer, "team"), _scopes(heard[-1].headers))

    def channel(self, name: str) -> ChannelState | None:
        plain = name.removeprefix("#")
        if CHANNEL_ID.fullmatch(plain):
            return self._by_id(plain)
        cursor = ""
        archived: Json = None
        for _ in range(MOST_PAGES):
            page = self._page(cursor)
            for found in _items(page):
                if text(found, "name") == plain and not pick(found, "is_archived"):
                    return _state(found)
                archived = found if text(found, "name") == plain else archived
            cursor = text(page, "response_metadata.next_cursor")
            if not cursor:
                break
        return _state(archived) if archived else None

    def connect(self) -> None:
        answered(lambda: self._app.apps_connections_open(app_token=self._app.token or ""))

    def _by_id(self, channel: str) -> ChannelState | None:
        try:
            answer = answered(lambda: self._client.conversations_info(channel=channel), channel)
        except Refused as error:
            if UNKNOWN in str(error):
                return None
            raise
        return _state(pick(answer, "channel"))

    def _page(self, cursor: str) -> Document:
        return answered(
            lambda: self._client.conversations_list(
                types="public_channel,private_channel",
                limit=CHANNELS_PAGE,
                cursor=cursor or None,
            )
        )


def _items(page: Document) -> list[Json]:
    found = pick(page, "channels[]")
    return list(found) if isinstance(found, list) else []


def _state(channel: Json) -> ChannelState:
    return ChannelState(
        is_member=pick(channel, "is_member") is True,
        is_archived=pick(channel, "is_archived") is True,
        is_private=pick(channel, "is_private") is True,
    )


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    told = next((value for name, value in headers.items() if name.lower() == SCOPES), None)
    if told is None:
        return None
    return frozenset(scope.strip() for scope in str(told).split(",") if scope.strip())
