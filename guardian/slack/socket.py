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
from guardian.ports import Press, Typed
from guardian.slack.client import BASE_URL

AGAIN = 15.0  # seconds until the next try to connect
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
        token: str,
        pressed: Callable[[Press], None],
        typed: Callable[[Typed], None],
        base_url: str = BASE_URL,
    ) -> None:
        self._token, self._base_url = token, base_url
        self._pressed, self._typed = pressed, typed
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def run(self, stopping: Event, ping: float = PING, again: float = AGAIN) -> None:
        """Listen until it is time to stop. A socket that breaks, or cannot be opened, is opened anew."""
        while not stopping.is_set():
            client = self._client(ping)
            try:
                client.connect()
                log.info("socket_opened")
                stopping.wait()
            except (SlackApiError, SlackClientError, OSError, HTTPException) as error:
                log.warning("socket_failed", error=_reason(error))
                stopping.wait(again)
            finally:
                client.close()

    def _client(self, ping: float) -> SocketModeClient:
        quiet = logging.getLogger("slack_sdk.socket_mode")
        client = SocketModeClient(
            self._token,
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
