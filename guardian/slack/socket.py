"""Presses and commands out of Slack, over a WebSocket that guardian opens: no port is open for anybody."""

import logging
from collections import deque
from collections.abc import Callable
from http.client import HTTPException
from threading import Event, Lock

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from structlog import get_logger

from guardian.documents import Json, pick, text
from guardian.errors import GuardianError
from guardian.ports import Press, Typed
from guardian.slack.calls import is_stale
from guardian.slack.client import BASE_URL
from guardian.slack.token import Token, token_of

AGAIN = 15.0  # seconds until the next try to connect
PATIENCE = 4
"""So many looks in a row may find the socket closed, until it is opened from scratch."""
REMEMBERED = 1000
"""Envelopes that are known when they come again; what is older the journal knows."""
PING = 5.0  # seconds

log = get_logger("guardian.slack")


class SlackSocket:
    """Opens a socket with an app's own token, and hands on what comes, each envelope once.

    It is acknowledged before it is handed on: Slack waits three seconds, AWS may take longer.
    """

    def __init__(
        self,
        token: str | Token,
        pressed: Callable[[Press], None],
        typed: Callable[[Typed], None],
        base_url: str = BASE_URL,
    ) -> None:
        self._token, self._base_url = token_of(token), base_url
        self._pressed, self._typed = pressed, typed
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def run(self, stopping: Event, ping: float = PING, again: float = AGAIN) -> None:
        """Listen until it is time to stop. A socket that breaks, or cannot be opened, is opened anew."""
        while not stopping.is_set():
            try:
                token = self._token.value()
            except GuardianError as error:
                log.warning("socket_failed", error=str(error))
                stopping.wait(again)
            else:
                self._listen(token, stopping, ping, again)

    def _listen(self, token: str, stopping: Event, ping: float, again: float) -> None:
        client = self._client(token, ping)
        try:
            client.connect()
            log.info("socket_opened")
            # It connects anew by itself, as long as its token is good.
            lost = 0
            while lost < PATIENCE and not stopping.wait(again):
                lost = 0 if client.is_connected() else lost + 1
            if lost:
                log.warning("socket_lost")
        except (SlackApiError, SlackClientError, OSError, HTTPException) as error:
            log.warning("socket_failed", error=_reason(error))
            if not self._is_renewed(error, token):
                stopping.wait(again)
        finally:
            client.close()

    def _is_renewed(self, error: Exception, token: str) -> bool:
        """Whether there is another token, where Slack takes this one no more."""
        if not isinstance(error, SlackApiError) or not is_stale(error):
            return False
        try:
            return self._token.renewed(token)
        except GuardianError as unread:
            log.warning("socket_failed", error=str(unread))
            return False

    def _client(self, token: str, ping: float) -> SocketModeClient:
        quiet = logging.getLogger("slack_sdk.socket_mode")
        client = SocketModeClient(
            token,
            logger=quiet,
            web_client=WebClient(base_url=self._base_url),
            ping_interval=ping,
            concurrency=4,
        )
        client.socket_mode_request_listeners.append(self._take)
        return client

    def _take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        except (
            SlackClientError,
            OSError,
        ) as error:  # Slack may send it again, by the next connection
            log.warning("not_acknowledged", error=str(error))
        if not self._is_new(request.envelope_id):
            return
        if request.type == "interactive":
            for press in presses(request.payload):
                self._pressed(press)
        elif request.type == "slash_commands":
            self._typed(typed(request.payload))

    def _is_new(self, envelope: str) -> bool:
        with self._lock:
            if envelope in self._seen:
                return False
            self._seen.append(envelope)
            return True


def presses(payload: Json) -> list[Press]:
    """The buttons that a payload says were pressed."""
    if text(payload, "type") != "block_actions":
        return []
    actions = pick(payload, "actions[]")
    return [
        Press(
            action=text(action, "action_id"),
            warning=text(action, "value"),
            user=text(payload, "user.id"),
            name=text(payload, "user.username") or text(payload, "user.name"),
            channel=text(payload, "container.channel_id") or text(payload, "channel.id"),
        )
        for action in (actions if isinstance(actions, list) else [])
    ]


def typed(payload: Json) -> Typed:
    """The command that a payload says was typed."""
    return Typed(
        words=tuple(text(payload, "text").split()),
        user=text(payload, "user_id"),
        name=text(payload, "user_name"),
        channel=text(payload, "channel_id"),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return f"Slack: {error.response['error']}: is SLACK_APP_TOKEN the app's own, with connections:write?"
    return str(error)
