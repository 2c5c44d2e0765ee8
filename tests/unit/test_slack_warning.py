"""A warning as Slack shows it: within Slack's limits and harmless, whatever people call their things."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.ids import Region, Target, parse_account
from guardian.localslack.blocks import characters, problems
from guardian.notice import StopNotice, StopWarning
from guardian.slack.blocks import SlackMessage
from guardian.slack.socket import presses, typed
from guardian.slack.warning import settled_message, warning_message, whispered
from tests.unit.policies import HOSTILE

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
words = st.one_of(
    st.text(max_size=300),
    st.sampled_from([*HOSTILE, "<!channel> <@U1>", "`" * 9, "<" * 300, "&" * 300]),
)


def warning(said: str = "notebook-1", usd: Decimal | None = None) -> StopWarning:
    notice = StopNotice(
        kind=said,
        id=said,
        target=Target(parse_account("111122223333"), Region("eu-west-1")),
        policy=said,
        stops=NINE + timedelta(minutes=10),
        at=NINE,
        owner=said,
        started=NINE,
    )
    return StopWarning(notice, said, said, usd, said)


def shown(message: SlackMessage) -> str:
    return f"{message.text} {message.blocks}"


@given(words)
def test_no_warning_breaks_a_limit_of_slack_or_calls_anybody(said: str) -> None:
    for message in (
        warning_message(warning(said), said),
        settled_message(warning(said), said, said),
        whispered("\n".join([said] * 40)),
    ):
        assert list(problems(message.blocks)) == []
        assert characters(message.blocks) < 10_000
        assert 0 < len(message.text) < 4000
        for call in ("<!channel", "<!here", "<!everyone", "<http"):
            assert call not in shown(message)


def test_only_what_looks_like_a_user_is_called() -> None:
    assert "<@U0123456789>" in shown(warning_message(warning(), "U0123456789"))
    assert "<@U0123456789>" in shown(settled_message(warning(), "kept", "U0123456789"))
    for user in ("", "U1><!channel", "ana"):
        assert "<@" not in shown(warning_message(warning(), user))


@pytest.mark.parametrize(
    ("usd", "said"), [(Decimal("2.204"), "about $2.20 an hour"), (None, "unknown (no price)")]
)
def test_an_unknown_cost_is_unknown_and_never_nothing(usd: Decimal | None, said: str) -> None:
    one = warning("no price", usd)
    assert said in shown(warning_message(one, ""))


def test_an_answer_of_several_lines_keeps_them() -> None:
    assert whispered("one\ntwo").text == "one\ntwo"
    assert whispered("").text == "-"


@pytest.mark.parametrize(
    "payload", [None, {}, {"type": "view_submission"}, {"type": "block_actions"}]
)
def test_what_is_no_press_is_none(payload: Any) -> None:
    assert presses(payload) == []


names = st.sampled_from(["type", "user", "actions", "id", "text"])
payloads = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.dictionaries(names, inner | st.lists(inner, max_size=2)),
    max_leaves=8,
)


@given(payloads)
def test_no_payload_is_too_strange(payload: Any) -> None:
    assert all(isinstance(press.warning, str) for press in presses(payload))
    assert isinstance(typed(payload).words, tuple)
