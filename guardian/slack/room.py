"""Warns people in Slack and answers them, each where it is seen: in a channel, directly, or by them alone."""

from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from guardian.documents import pick, text
from guardian.errors import Refused
from guardian.notice import StopWarning
from guardian.slack.blocks import SlackMessage
from guardian.slack.calls import Ask, AskingClient
from guardian.slack.client import BASE_URL, EVENT, PATIENCE, SUMMARY, SlackAnnouncer, answered
from guardian.slack.token import Token, token_of
from guardian.slack.warning import settled_message, warning_message, whispered


class SlackRoom:
    """Speaks with a bot token. A reference is `channel id/timestamp`."""

    def __init__(
        self, token: str | Token, base_url: str = BASE_URL, timeout: int = 30, acting: Ask = bool
    ) -> None:
        # Only a 429 is surely safe to send again: Slack may have taken a message whose answer was lost.
        limits = RateLimitErrorRetryHandler(max_retry_count=PATIENCE)
        self._client = AskingClient(token_of(token), base_url, timeout, [limits], acting)
        self._announcer = SlackAnnouncer(token, base_url, timeout, acting)

    def warn(self, channel: str, warning: StopWarning, user: str) -> str:
        message, key = warning_message(warning, user), warning.notice.identity
        answer = answered(
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=_blocks(message),
                metadata={"event_type": EVENT, "event_payload": {"key": key, "part": SUMMARY}},
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
        )
        return f"{text(answer, 'channel')}/{text(answer, 'ts')}"

    def find(self, channel: str, key: str) -> str | None:
        return self._announcer.find(channel, key)

    def settle(self, reference: str, warning: StopWarning, answer: str, user: str) -> None:
        message, (channel, _, ts) = (
            settled_message(warning, answer, user),
            reference.partition("/"),
        )
        answered(
            lambda: self._client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=_blocks(message)
            ),
            channel,
        )

    def whisper(self, channel: str, user: str, said: str) -> None:
        message = whispered(said)
        answered(
            lambda: self._client.chat_postEphemeral(
                channel=channel, user=user, text=message.text, blocks=_blocks(message)
            ),
            channel,
        )

    def user_of(self, address: str) -> str:
        try:
            answer = answered(lambda: self._client.users_lookupByEmail(email=address))
        except Refused:  # nobody has it
            return ""
        return text(answer, "user.id")

    def direct(self, user: str) -> str:
        answer = answered(lambda: self._client.conversations_open(users=user))
        return text(answer, "channel.id")

    def members(self, group: str) -> frozenset[str]:
        answer = answered(lambda: self._client.usergroups_users_list(usergroup=group))
        found = pick(answer, "users[]")
        return frozenset(map(str, found if isinstance(found, list) else ()))


def _blocks(message: SlackMessage) -> list[dict[str, object]]:
    return [dict(block) for block in message.blocks]
