"""A Slack client that asks before every call whether it may make it, and gets a new token when its own is no good."""

from collections.abc import Callable, Sequence
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.web import SlackResponse

from guardian.slack.token import Token

Ask = Callable[[], object]
"""Raises where guardian may make no call."""
STALE = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""What Slack says of a token that was good once, or never."""


class AskingClient(WebClient):
    """`acting` is called first; what that raises, the call raises, and so for a token that cannot be read."""

    def __init__(
        self,
        token: Token,
        base_url: str,
        timeout: int,
        handlers: Sequence[RetryHandler],
        acting: Ask = bool,
    ) -> None:
        super().__init__(None, base_url, timeout, retry_handlers=list(handlers))
        self._token, self._acting = token, acting

    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:
        self._acting()
        self.token = used = self._token.value()
        try:
            return super().api_call(api_method, **arguments)
        except SlackApiError as error:
            if not is_stale(error) or not self._token.renewed(used):
                raise
        self.token = self._token.value()
        return super().api_call(api_method, **arguments)


def is_stale(error: SlackApiError) -> bool:
    """Whether the token is what Slack does not like."""
    data = getattr(error.response, "data", None)
    return isinstance(data, dict) and data.get("error") in STALE
