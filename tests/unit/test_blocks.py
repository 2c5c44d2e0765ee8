import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.digest import NO_PAST, Audience, Digest, compose
from guardian.documents import Json
from guardian.ids import AccountId, Target
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.slack.blocks import SlackMessage, headline, messages, note, notice
from guardian.slack.chart import draw
from guardian.slack.details import LIST, is_cut
from guardian.slack.text import QUOTE, clean, clip, code, size
from tests.unit.test_digest import DATA, DAY, DUBLIN, NINE, PRICES, glue, unpriced

LIMITS = {"header": 150, "section": 3000, "fields": 2000, "context": 3000}


def digest(*outcomes: Outcome, findings: tuple[Finding, ...] = (), name: str = "") -> Digest:
    audience = Audience("#data-costs", names={DATA: name})
    return compose(audience, DAY, outcomes, findings, NO_PAST, PRICES)


def texts(message: SlackMessage) -> Iterator[tuple[str, str]]:
    """Every text of a message, with the limit it is under."""
    for block in message.blocks:
        kind = block["type"]
        assert isinstance(kind, str)
        for name in ("text", "fields", "elements"):
            found = block.get(name, ())
            for item in [found] if isinstance(found, Mapping) else found or ():  # type: ignore[union-attr] # JSON
                text = item["text"]  # type: ignore[index,call-overload] # JSON
                assert isinstance(text, str)
                yield ("fields" if name == "fields" else kind), text


def said(message: SlackMessage) -> str:
    return "\n".join(text for _, text in texts(message))


def assert_within_limits(message: SlackMessage) -> None:
    assert 1 <= len(message.blocks) <= 40
    assert all(0 < size(text) <= LIMITS[kind] for kind, text in texts(message))
    assert sum(size(text) for _, text in texts(message)) <= 10_000
    assert all(len(_fields(block)) <= 10 for block in message.blocks)
    assert 0 < len(message.text) < 4000


def _fields(block: Mapping[str, Json]) -> list[Json]:
    fields = block.get("fields", [])
    return fields if isinstance(fields, list) else []


def assert_harmless(message: SlackMessage) -> None:
    everything = f"{message.text}\n{said(message)}"
    assert "<" not in everything
    assert ">" not in everything
    assert not any(unicodedata.category(c).startswith("C") for c in everything if c != "\n")


any_text = st.text(
    alphabet=st.characters() | st.sampled_from("<>&`*_~|\n\u202e\u200b\ud800@#:"), max_size=300
)


@given(
    outcomes=st.lists(
        st.builds(
            Outcome,
            result=st.sampled_from(Result),
            kind=any_text | st.just("glue-session"),
            id=any_text,
            target=st.just(Target(DATA, DUBLIN)),
            policy=any_text,
            at=st.just(NINE),
            by=st.sampled_from(By),
            reason=any_text,
            owner=any_text,
            facts=st.fixed_dictionaries(
                {"max_capacity": st.integers(), "instance_type": any_text, "worker_type": any_text}
            ),
        ),
        max_size=12,
    ),
    finding=st.builds(
        Finding, st.sampled_from(About), subject=any_text, reason=any_text, at=st.just(NINE)
    ),
    name=any_text,
)
def test_whatever_people_write_the_limits_hold_and_nothing_is_injected(
    outcomes: list[Outcome], finding: Finding, name: str
) -> None:
    for message in messages(digest(*outcomes, findings=(finding,), name=name)):
        assert_within_limits(message)
        assert_harmless(message)
        assert said(message).count("`") % 2 == 0


@given(text=any_text)
def test_a_note_of_any_text_is_within_limits_and_harmless(text: str) -> None:
    assert_harmless(note(f"No chart: {text}"))
    assert_within_limits(note(f"No chart: {text}"))


@given(lines=st.lists(any_text, max_size=30))
def test_a_notice_of_any_lines_is_within_limits_and_harmless(lines: list[str]) -> None:
    message = notice(["The policies are broken", *lines])
    assert_harmless(message)
    assert_within_limits(message)
    assert said(message).count("`") == 2 * min(len(lines), 10)


def test_thousands_of_the_longest_entries_fit() -> None:
    worst = "&" * 255
    entries = [
        replace(glue(f"{n}{worst}"), owner=f"{n}{worst}", reason=worst, result=result, kind=kind)
        for n in range(300)
        for result in Result
        for kind in (worst, "glue-session")
    ]
    told = messages(
        digest(*entries, findings=(Finding(About.ACCESS, worst, worst, NINE),), name=worst)
    )
    for message in told:
        assert_within_limits(message)
    assert 4 < len(told) < 12
    assert is_cut(digest(*entries))


def test_a_long_list_is_cut_and_says_where_the_rest_is() -> None:
    assert not is_cut(digest(*(glue(f"s{n}") for n in range(LIST))))
    whole = digest(*(glue(f"s{n}") for n in range(LIST + 1)))
    assert is_cut(whole)
    summary, thread = messages(whole)
    assert "a spreadsheet with all of them" in said(summary)
    assert "… and 1 more, in the spreadsheet" in said(thread)


@pytest.mark.parametrize("name", ["<!channel>", "<@U012|boss>", "<https://evil.example|log in>"])
def test_a_session_cannot_call_the_channel_or_hide_a_link(name: str) -> None:
    thread = messages(digest(glue(name)))[1]
    shown = name.replace("<", "&lt;").replace(">", "&gt;")
    assert f"`{shown}`" in said(thread)


def test_a_backtick_does_not_end_the_code() -> None:
    assert code("a`*b*`c") == f"`a{QUOTE}*b*{QUOTE}c`"


def test_text_that_turns_or_hides_is_shown_as_it_is() -> None:
    assert clean("abc\u202ecba\u200b\x07 \r\n\tend\u2028") == "abccba end"


def test_a_long_id_keeps_both_ends() -> None:
    assert clip("start" + "x" * 100 + "end", 20) == "startxxxxx…xxxxxxend"


def test_an_empty_text_is_still_code() -> None:
    assert code("\u200b") == "`-`"


def test_the_headline_has_the_money() -> None:
    assert (
        headline(digest(glue("a"), glue("b")))
        == "2 forgotten sessions stopped, up to $4.40 avoided"
    )
    assert headline(digest(glue("a"), unpriced("b"))) == (
        "2 forgotten sessions stopped, up to $2.20 avoided (1 of unknown price)"
    )
    assert headline(digest(unpriced("b"))) == (
        "1 forgotten session stopped, an unknown amount avoided"
    )


def test_observing_says_what_would_have_been() -> None:
    told = digest(replace(glue(), result=Result.WOULD_STOP))
    assert headline(told) == "Nothing stopped. 1 session would have been: up to $2.20"


def test_a_quiet_window_is_one_line() -> None:
    (only,) = messages(digest())
    assert only.text.startswith("All quiet")
    assert len(only.blocks) == 2


def test_the_summary_tells_what_wants_attention() -> None:
    target = Target(AccountId("444455556666"), DUBLIN)
    told = digest(
        replace(glue("a"), by=By.SWEEP),
        replace(glue("b"), result=Result.FAILED, reason="access denied"),
        findings=(Finding(About.ACCESS, "guardian role", "may not be assumed", NINE, target),),
    )
    summary, thread = messages(told)
    for expected in (
        "Could not be stopped*\n1",
        "caught by the sweep*\n1",
        "Findings*\n1 (0 mended): 1 access",
    ):
        assert expected in said(summary)
    for expected in ("access denied", "may not be assumed", "444455556666/eu-west-1"):
        assert expected in said(thread)


def test_the_same_digest_gives_the_same_messages() -> None:
    assert messages(digest(glue("a"), glue("b"))) == messages(digest(glue("b"), glue("a")))


def picture_size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def test_the_chart_is_a_picture_and_the_same_every_time() -> None:
    told = digest(glue("a"), glue("b", 600))
    assert picture_size(draw(told)) == (1600, 800)
    assert draw(told) == draw(told)
    assert draw(told) != draw(digest(glue("a")))


def test_a_chart_without_data_is_a_picture_too() -> None:
    assert picture_size(draw(digest(unpriced("$\\frac$")))) == (1600, 800)


def test_what_was_really_spent_stands_below_the_headline_even_of_a_quiet_week() -> None:
    spent = ("Real cost: $1.00.", "Avoided <!channel>")
    message = messages(replace(digest(), spent=spent))[0]
    assert "Real cost: $1.00.\nAvoided &lt;!channel&gt;" in said(message)
    assert_within_limits(message)
