"""The status page: what it shows, and that nothing that others wrote is markup."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from guardian.coverage import coverage
from guardian.health.page import View, render
from guardian.health.record import Duty, Record, Rollout, Run, SweepFigures
from guardian.ids import ROOT, AccountId, OuId, OuPath, Region, Target
from guardian.organization import Account, AccountState, Organization
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.policy.resolve import Governance

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = AccountId("111122223333")
TARGET = Target(ACCOUNT, Region("eu-west-1"))
EVIL = "<script>alert('x')</script>\x1b[2J\u202e\"&"
OUTCOME = Outcome(Result.STOPPED, "glue-session", "s-1", TARGET, "p", NOW, By.EVENT)


class Tags(HTMLParser):
    """The tags of a page, with the values of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def view(text: str = "plain") -> View:
    """A page in which everything that can be foreign text is `text`."""
    record = Record(NOW - 4 * HOUR, [Duty("sweep", HOUR, HOUR), Duty("drift", 6 * HOUR, HOUR)])
    record.ended(Run("sweep", NOW - 2 * HOUR, NOW - HOUR))
    record.ended(Run("drift", NOW - HOUR, NOW - HOUR, text))
    record.swept(SweepFigures(1, 1, 1234, 0, 0, 0, 0))
    record.planned(Rollout({"current": 1}, 3, held=True))
    outcome = replace(OUTCOME, kind=text, id=text, owner=text, reason=text, policy=text)
    finding = Finding(About.ACCESS, text, text, NOW, TARGET)
    record.seen([OUTCOME, outcome], [finding, replace(finding, at=NOW - HOUR)])
    ou = OuPath(f"/{text}")
    organization = Organization(
        "o-exampleorgid",
        AccountId("999999999999"),
        {ROOT: OuId("r-ab12"), ou: OuId("ou-ab12-cdefgh34")},
        (Account(ACCOUNT, text, AccountState.ACTIVE, ou),),
    )
    covered = coverage(organization, Governance((), {}, {ACCOUNT: text}, {}))
    return View(record.health, [text], covered, 0, {ACCOUNT: text}, NOW)


def test_what_guardian_does_is_shown() -> None:
    text = Tags(render(replace(view(), reasons=()))).text
    assert "ready" in text
    assert "2026-11-27 12:00 UTC, up for 4h" in text
    assert "1,234" in text
    assert "3 (held)" in text
    assert "Glue interactive session" in text
    assert "stopped" in text


def test_why_it_is_not_ready_is_shown() -> None:
    text = Tags(render(replace(view(), reasons=["sweep: not done once in 4h"]))).text
    assert "not ready" in text
    assert "sweep: not done once in 4h" in text


def test_a_pause_is_shown() -> None:
    paused = view()
    paused = replace(paused, health=replace(paused.health, paused=True), reasons=())
    assert "ready, paused" in Tags(render(paused)).text


def test_findings_that_say_the_same_are_shown_once() -> None:
    assert Tags(render(view())).text.count("access") == 1


def test_an_empty_page_is_a_page() -> None:
    empty = replace(view(), health=Record(NOW).health, reasons=())
    assert Tags(render(empty)).text.count("none") >= 3


def test_nothing_that_others_wrote_is_markup() -> None:
    evil, plain = Tags(render(view(EVIL))), Tags(render(view()))
    assert evil.tags == plain.tags
    assert evil.attributes == plain.attributes
    assert not {"script", "img", "a", "iframe", "form"} & set(evil.tags)
    assert not [name for name in evil.attributes if name.startswith("on")]
    assert "alert('x')" in evil.text


@pytest.mark.parametrize("character", ["\x1b", "\u202e", "\x00"])
def test_no_character_turns_the_text_around(character: str) -> None:
    assert character not in render(view(f"a{character}b"))


def test_long_text_is_cut() -> None:
    assert len(render(view("x" * 100_000))) < 300_000


def test_the_page_needs_nothing_else() -> None:
    page = render(view())
    assert "http://" not in page
    assert "https://" not in page
    assert 'name="viewport"' in page
