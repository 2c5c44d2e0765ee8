"""A Slack client that asks before every call whether it may make it."""

from collections.abc import Callable, Sequence
from typing import Any

from slack_sdk import WebClient
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.web import SlackResponse

Ask = Callable[[], object]
"""Raises where guardian may make no call."""


class AskingClient(WebClient):
    """`acting` is called first; what that raises, the call raises."""

    def __init__(
        self,
        token: str,
        base_url: str,
        timeout: int,
        handlers: Sequence[RetryHandler],
        acting: Ask,
    ) -> None:
        super().__init__(token, base_url, timeout, retry_handlers=list(handlers))
        self._acting = acting

    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:
        self._acting()
        return super().api_call(api_method, **arguments)
