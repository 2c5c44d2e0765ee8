from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

Block = dict[str, Any]


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain("Keep"), "action_id": "keep"} | more


ALLOWED: list[list[Block]] = [
    [section("x" * 3000)],
    [{"type": "section", "fields": [mrkdwn("x" * 500)] * 10}],
    [{"type": "section", "fields": [mrkdwn("x" * 2000)]}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [mrkdwn("x")] * 10}],
    [{"type": "actions", "elements": [button(value="x" * 2000)] * 25}],
    [{"type": "divider"}] * 50,
    [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}],
    [section("x" * 3000)] * 4 + [section("x" * 1200)],
]
REFUSED: list[tuple[list[Block], str]] = [
    (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    ([{"type": "section"}], "missing required field: text [json-pointer:/blocks/0]"),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        [{"type": "header", "text": mrkdwn("x")}],
        "must be one of: plain_text [json-pointer:/blocks/0/text/type]",
    ),
    (
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [{"type": "actions", "elements": [button()] * 26}],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [{"type": "actions", "elements": [button(text=plain("x" * 76))]}],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0/type]"),
    (
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    ([section("a") | {"block_id": "b"}] * 2, "block_id must be unique: b [json-pointer:/blocks]"),
]


@pytest.mark.parametrize("blocks", ALLOWED, ids=range(len(ALLOWED)))
def test_blocks_within_the_limits_are_taken(
    client: WebClient, channel: str, blocks: list[Block]
) -> None:
    client.chat_postMessage(channel=channel, text="fallback", blocks=blocks)
    [found] = client.conversations_history(channel=channel)["messages"]
    assert found["blocks"] == blocks


@pytest.mark.parametrize(("blocks", "problem"), REFUSED, ids=[each[1] for each in REFUSED])
def test_blocks_beyond_the_limits_are_refused(
    client: WebClient, channel: str, blocks: list[Block], problem: str
) -> None:
    with pytest.raises(SlackApiError) as raised:
        client.chat_postMessage(channel=channel, text="fallback", blocks=blocks)
    answer = raised.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {problem}"]
    assert client.conversations_history(channel=channel)["messages"] == []


def test_too_much_text_in_all_blocks_together_is_refused(client: WebClient, channel: str) -> None:
    blocks = [section("x" * 3000)] * 4 + [section("x" * 1201)]
    with pytest.raises(SlackApiError) as raised:
        client.chat_postMessage(channel=channel, text="fallback", blocks=blocks)
    assert raised.value.response["error"] == "msg_blocks_too_long"


def test_a_change_is_held_to_the_same_limits(client: WebClient, channel: str) -> None:
    ts = str(client.chat_postMessage(channel=channel, text="fallback")["ts"])
    with pytest.raises(SlackApiError) as raised:
        client.chat_update(channel=channel, ts=ts, text="x", blocks=[section("x" * 3001)])
    assert raised.value.response["error"] == "invalid_blocks"
