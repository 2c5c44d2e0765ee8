"""Socket Mode of local Slack, with Slack's own client."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from guardian.localslack import LocalSlack
from tests.scenario.conftest import eventually

pytestmark = pytest.mark.slow
BUTTONS = [
    {
        "type": "actions",
        "block_id": "keep",
        "elements": [
            {
                "type": "button",
                "action_id": "keep-1h",
                "value": "secret",
                "text": {"type": "plain_text", "text": "Keep 1 h"},
            }
        ],
    }
]


@dataclass
class App:
    """An app that acknowledges what it gets, or does not."""

    client: SocketModeClient
    got: list[SocketModeRequest] = field(default_factory=list)
    acknowledges: bool = True

    def take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        self.got.append(request)
        if self.acknowledges:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id))


@pytest.fixture
def app(slack: LocalSlack) -> Iterator[App]:
    web = WebClient(base_url=slack.endpoint)
    made = App(SocketModeClient("xapp-test", web_client=web, ping_interval=0.2))
    made.client.socket_mode_request_listeners.append(made.take)
    made.client.connect()
    eventually(lambda: slack.sockets.connections == 1)
    yield made
    made.client.close()


def post(slack: LocalSlack, path: str, fields: Mapping[str, str], **headers: str) -> str:
    """Post a form of the page; answers where the page goes on."""
    data = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(f"{slack.page}localslack/{path}", data, headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 - loopback
        return str(answer.url)


def disturb(slack: LocalSlack, **how: Any) -> None:
    data = json.dumps(how).encode()
    request = urllib.request.Request(f"{slack.page}localslack/socket", data)  # noqa: S310 - loopback
    urllib.request.urlopen(request, timeout=15).close()  # noqa: S310 - loopback


def press(slack: LocalSlack, client: WebClient, channel: str, who: str = "ana") -> str:
    posted = client.chat_postMessage(channel=channel, text="hello", blocks=BUTTONS)
    fields = {"channel": channel, "ts": posted["ts"], "action": "keep-1h", "as": who}
    return post(slack, "press", fields)


def test_a_press_arrives_as_slack_sends_it(
    slack: LocalSlack, client: WebClient, channel: str, app: App
) -> None:
    assert "said" not in press(slack, client, channel)
    (request,) = app.got
    assert (request.type, request.accepts_response_payload) == ("interactive", False)
    payload = request.payload
    assert payload["type"] == "block_actions"
    assert (
        payload["user"]["id"] == client.users_lookupByEmail(email="ana@example.com")["user"]["id"]
    )
    assert payload["channel"] == {"id": channel, "name": "data-costs"}
    assert payload["message"]["text"] == "hello"
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == (
        "keep-1h",
        "keep",
        "secret",
    )
    (envelope,) = slack.sockets.envelopes
    assert envelope.as_json() | {"id": ""} == {
        "id": "",
        "type": "interactive",
        "deliveries": 1,
        "acked": True,
    }


def test_a_command_arrives_as_slack_sends_it(slack: LocalSlack, channel: str, app: App) -> None:
    post(slack, "command", {"channel": channel, "text": "/guardian status  all", "as": "ana"})
    (request,) = app.got
    assert request.type == "slash_commands"
    found = {key: request.payload[key] for key in ("command", "text", "channel_id", "user_name")}
    assert found == {
        "command": "/guardian",
        "text": "status  all",
        "channel_id": channel,
        "user_name": "ana",
    }


def test_an_envelope_comes_twice_on_request(
    slack: LocalSlack, client: WebClient, channel: str, app: App
) -> None:
    disturb(slack, duplicates=1)
    press(slack, client, channel)
    eventually(lambda: len(app.got) == 2)
    disturb(slack, redeliver=app.got[0].envelope_id)
    eventually(lambda: len(app.got) == 3)
    assert len({request.envelope_id for request in app.got}) == 1


def test_the_client_comes_back_after_a_disconnect(
    slack: LocalSlack, client: WebClient, channel: str, app: App
) -> None:
    disturb(slack, disconnect=True)
    eventually(lambda: slack.sockets.opened >= 2 and slack.sockets.connections >= 1)
    press(slack, client, channel)
    eventually(lambda: len(app.got) == 1)


def test_nobody_is_told_that_a_press_arrived_where_no_app_is_connected(
    slack: LocalSlack, client: WebClient, channel: str
) -> None:
    assert "said=The+app+did+not+answer" in press(slack, client, channel)


@pytest.mark.parametrize(
    ("path", "fields", "headers"),
    [
        ("press", {"action": "other"}, {}),
        ("press", {"ts": "1.1"}, {}),
        ("press", {"channel": "C1"}, {}),
        ("press", {"as": ""}, {}),
        ("press", {}, {"Origin": "https://example.com"}),
        ("command", {"text": "status"}, {}),
    ],
)
def test_what_is_not_on_the_page_cannot_be_pressed(
    slack: LocalSlack,
    client: WebClient,
    channel: str,
    path: str,
    fields: dict[str, str],
    headers: dict[str, str],
) -> None:
    posted = client.chat_postMessage(channel=channel, text="hello", blocks=BUTTONS)
    whole = {"channel": channel, "ts": posted["ts"], "action": "keep-1h", "as": "ana", **fields}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(slack, path, whole, **headers)


def test_only_the_apps_own_token_opens_a_socket(slack: LocalSlack) -> None:
    web = WebClient(base_url=slack.endpoint)
    assert (
        refused(lambda: web.apps_connections_open(app_token="xoxb-bot"))
        == "not_allowed_token_type"
    )
    assert refused(lambda: web.apps_connections_open(app_token="secret")) == "invalid_auth"
    assert refused(lambda: WebClient("xapp-1", base_url=slack.endpoint).auth_test()) == (
        "not_allowed_token_type"
    )


def test_a_socket_opens_once_for_each_ticket(app: App) -> None:
    assert app.client.wss_uri
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(app.client.wss_uri.replace("ws:", "http:"), timeout=15)  # noqa: S310 - loopback


def test_a_message_for_one_is_seen_by_one_and_never_read_again(
    slack: LocalSlack, client: WebClient, channel: str
) -> None:
    user = client.users_lookupByEmail(email="ana@example.com")["user"]["id"]
    posted = client.chat_postEphemeral(channel=channel, user=user, text="only you")
    assert client.conversations_history(channel=channel)["messages"] == []
    assert "Only visible to ana" in slack.render_page()
    ts = posted["message_ts"]
    assert (
        refused(lambda: client.chat_update(channel=channel, ts=ts, text="x"))
        == "message_not_found"
    )
    assert refused(lambda: client.chat_postEphemeral(channel=channel, user="U0", text="x")) == (
        "user_not_in_channel"
    )


def test_somebody_is_written_to_directly(slack: LocalSlack, client: WebClient) -> None:
    user = client.users_lookupByEmail(email="ana@example.com")["user"]["id"]
    direct = client.conversations_open(users=user)["channel"]["id"]
    assert direct.startswith("D")
    assert client.conversations_open(users=[user])["channel"]["id"] == direct
    client.chat_postMessage(channel=direct, text="psst")
    assert [m["channel_name"] for m in slack.messages()] == ["@ana"]
    assert "@ana" not in [found["name"] for found in client.conversations_list()["channels"]]
    assert refused(lambda: client.conversations_open(users="U0")) == "user_not_found"


def test_the_members_of_a_user_group_are_told(client: WebClient) -> None:
    user = client.users_lookupByEmail(email="finops@example.com")["user"]["id"]
    assert client.usergroups_users_list(usergroup="S0KEEPERS")["users"] == [user]
    assert refused(lambda: client.usergroups_users_list(usergroup="S1")) == "no_such_subteam"


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as raised:
        call()
    return str(raised.value.response["error"])
