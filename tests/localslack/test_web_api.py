import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from guardian.localslack import LocalSlack

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
METADATA = {"event_type": "digest", "event_payload": {"window": "2026-11-20"}}


def error(call: Callable[[], object]) -> dict[str, Any]:
    """What Slack answered to a call that it refuses."""
    with pytest.raises(SlackApiError) as raised:
        call()
    data = raised.value.response.data
    assert isinstance(data, dict)
    return data


def code(call: Callable[[], object]) -> str:
    return str(error(call)["error"])


def test_a_bot_token_is_known(client: WebClient, slack: LocalSlack) -> None:
    found = client.auth_test()
    assert found["user"] == "guardian"
    assert found["url"] == slack.page


def test_any_other_token_is_refused(slack: LocalSlack) -> None:
    assert code(WebClient("secret", base_url=slack.endpoint).auth_test) == "invalid_auth"
    assert code(WebClient(base_url=slack.endpoint).auth_test) == "not_authed"


def test_channels_exist_from_the_start(client: WebClient) -> None:
    names = [found["name"] for found in client.conversations_list()["channels"]]
    assert names == ["data-costs", "finops"]


def test_channels_are_paged(client: WebClient) -> None:
    pages = client.users_conversations(limit=1)
    names = [[found["name"] for found in page["channels"]] for page in pages]
    assert names == [["data-costs"], ["finops"]]


def test_a_message_goes_to_a_channel_by_name_or_id(client: WebClient, channel: str) -> None:
    first = client.chat_postMessage(channel="#data-costs", text="one")
    second = client.chat_postMessage(channel=channel, text="two")
    assert first["channel"] == second["channel"] == channel
    assert float(second["ts"]) > float(first["ts"])
    history = client.conversations_history(channel=channel)["messages"]
    assert [found["text"] for found in history] == ["two", "one"]


def test_an_unknown_channel_is_refused(client: WebClient) -> None:
    assert code(lambda: client.chat_postMessage(channel="#no", text="x")) == "channel_not_found"
    assert code(lambda: client.conversations_history(channel="#finops")) == "channel_not_found"


def test_an_empty_message_is_refused(client: WebClient, channel: str) -> None:
    empty = {"channel": channel, "text": ""}
    assert code(lambda: client.api_call("chat.postMessage", json=empty)) == "no_text"


def test_an_unknown_method_is_refused(client: WebClient) -> None:
    assert code(lambda: client.api_call("chat.sing")) == "unknown_method"


def test_metadata_is_kept_and_shown_on_request(client: WebClient, channel: str) -> None:
    client.chat_postMessage(channel=channel, text="digest", metadata=METADATA)
    [bare] = client.conversations_history(channel=channel)["messages"]
    [full] = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert "metadata" not in bare
    assert full["metadata"] == METADATA


def test_replies_are_in_the_thread_and_not_in_the_channel(client: WebClient, channel: str) -> None:
    parent = client.chat_postMessage(channel=channel, text="parent")["ts"]
    client.chat_postMessage(channel=channel, text="reply", thread_ts=parent)
    client.chat_postMessage(
        channel=channel, text="loud", thread_ts=parent, reply_broadcast=True, metadata=METADATA
    )
    history = client.conversations_history(channel=channel)["messages"]
    assert [found["text"] for found in history] == ["loud", "parent"]
    assert history[1]["reply_count"] == 2
    replies = client.conversations_replies(channel=channel, ts=parent, include_all_metadata=True)
    assert [found["text"] for found in replies["messages"]] == ["parent", "reply", "loud"]
    assert replies["messages"][2]["metadata"] == METADATA


def test_a_thread_that_does_not_exist_is_refused(client: WebClient, channel: str) -> None:
    assert code(lambda: client.conversations_replies(channel=channel, ts="1.0")) == (
        "thread_not_found"
    )
    assert code(lambda: client.chat_postMessage(channel=channel, text="x", thread_ts="1.0")) == (
        "cannot_reply_to_message"
    )


def test_history_is_paged_and_bounded_in_time(client: WebClient, channel: str) -> None:
    sent = [client.chat_postMessage(channel=channel, text=str(n))["ts"] for n in range(5)]
    pages = client.conversations_history(channel=channel, limit=2)
    texts = [[m["text"] for m in page["messages"]] for page in pages]
    assert texts == [["4", "3"], ["2", "1"], ["0"]]
    inside = client.conversations_history(channel=channel, oldest=sent[1], latest=sent[3])
    assert [m["text"] for m in inside["messages"]] == ["2"]
    ends = client.conversations_history(
        channel=channel, oldest=sent[1], latest=sent[3], inclusive=True
    )
    assert [m["text"] for m in ends["messages"]] == ["3", "2", "1"]


def test_a_message_can_be_changed(client: WebClient, channel: str) -> None:
    ts = str(client.chat_postMessage(channel=channel, text="old", metadata=METADATA)["ts"])
    client.chat_update(channel=channel, ts=ts, text="new")
    [found] = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert (found["ts"], found["text"], found["metadata"]) == (ts, "new", METADATA)
    assert "edited" in found
    assert code(lambda: client.chat_update(channel=channel, ts="1.0", text="x")) == (
        "message_not_found"
    )


def test_a_file_is_uploaded_into_a_thread(
    client: WebClient, slack: LocalSlack, channel: str
) -> None:
    ts = str(client.chat_postMessage(channel=channel, text="parent")["ts"])
    file = client.files_upload_v2(
        channel=channel,
        thread_ts=ts,
        filename="chart.png",
        content=PICTURE,
        title="Avoided",
        alt_txt="bars",
        initial_comment="look",
    )["file"]
    reply = client.conversations_replies(channel=channel, ts=ts)["messages"][1]
    assert reply["text"] == "look"
    assert [found["id"] for found in reply["files"]] == [file["id"]]
    found = client.files_info(file=file["id"])["file"]
    assert (found["title"], found["alt_txt"], found["size"]) == ("Avoided", "bars", len(PICTURE))
    with urllib.request.urlopen(found["url_private"]) as answer:  # noqa: S310 - loopback
        assert answer.read() == PICTURE
    assert slack.messages()[1]["channel_name"] == "data-costs"


def test_a_file_that_never_arrived_cannot_be_shared(client: WebClient, channel: str) -> None:
    file_id = client.files_getUploadURLExternal(filename="a.png", length=3)["file_id"]
    assert code(
        lambda: client.files_completeUploadExternal(files=[{"id": file_id}], channel_id=channel)
    ) == ("file_not_found")


def test_a_file_goes_to_a_channel_by_id_only(client: WebClient) -> None:
    assert code(
        lambda: client.files_upload_v2(channel="#finops", filename="a.txt", content="a")
    ) == ("channel_not_found")


def test_people_are_found_by_their_address(client: WebClient) -> None:
    ana = client.users_lookupByEmail(email="ana@example.com")["user"]
    assert ana == client.users_lookupByEmail(email="Ana@example.com")["user"] | {
        "profile": ana["profile"]
    }
    assert code(lambda: client.users_lookupByEmail(email="ana@elsewhere.org")) == (
        "users_not_found"
    )


def post(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def test_a_rate_limit_is_waited_out(client: WebClient, slack: LocalSlack, channel: str) -> None:
    fault = {"method": "chat.postMessage", "times": 1, "retry_after": 1}
    post(f"{slack.page}localslack/faults", fault)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    client.chat_postMessage(channel=channel, text="at last")
    assert [found["text"] for found in slack.messages()] == ["at last"]


def test_a_rate_limit_says_how_long(client: WebClient, slack: LocalSlack, channel: str) -> None:
    post(f"{slack.page}localslack/faults", {"method": "chat.postMessage", "retry_after": 7})
    with pytest.raises(SlackApiError) as raised:
        client.chat_postMessage(channel=channel, text="x")
    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "7"
    client.chat_postMessage(channel=channel, text="x")


def test_errors_and_server_errors_come_on_request(client: WebClient, slack: LocalSlack) -> None:
    post(f"{slack.page}localslack/faults", {"method": "auth.test", "error": "token_revoked"})
    post(f"{slack.page}localslack/faults", {"method": "auth.test", "status": 500})
    assert code(client.auth_test) == "token_revoked"
    with pytest.raises(SlackApiError) as raised:
        client.auth_test()
    assert raised.value.response.status_code == 500
    assert client.auth_test()["ok"] is True


def test_everything_can_be_read_at_once(
    client: WebClient, slack: LocalSlack, channel: str
) -> None:
    client.chat_postMessage(channel=channel, text="hello", metadata=METADATA)
    with urllib.request.urlopen(f"{slack.page}localslack/messages") as answer:  # noqa: S310 - loopback
        found = json.load(answer)
    assert found["messages"] == slack.messages()
    assert found["messages"][0]["metadata"] == METADATA
    assert [each["name"] for each in found["channels"]] == ["data-costs", "finops"]


def test_it_starts_from_the_command_line() -> None:
    command = [sys.executable, "-m", "guardian.localslack", "--port", "0", "--channel", "ops"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            assert server.stdout is not None
            line = json.loads(server.stdout.readline())
            assert set(line) == {"endpoint", "page"}
            client = WebClient("xoxb-test", base_url=line["endpoint"])
            names = [found["name"] for found in client.conversations_list()["channels"]]
            assert names == ["ops"]
        finally:
            server.terminate()
            server.wait(timeout=10)
