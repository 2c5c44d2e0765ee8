"""What a digest looks like, to the last word, wherever it is shown; and Slack's limits as Slack would check them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from guardian.digest import NO_PAST, Digest, compose
from guardian.digest.letter import letter, subject
from guardian.localslack.blocks import TOTAL, characters, problems
from guardian.outcome import Result
from guardian.slack.blocks import messages
from guardian.slack.builder import BUILDER, builder_link
from guardian.slack.details import PAGES
from guardian.terminal.digest import print_digest
from guardian.terminal.page import page
from tests.examples import examples
from tests.unit.digests import MONTH, WEEK, accounts, organization, outcomes, quiet
from tests.unit.test_blocks import any_text
from tests.unit.test_digest import DAY, EVERYBODY, PRICES, digest, glue

PEOPLE = {"ana@example.com": "U0ANA", "ben@example.com": "U0BEN"}


class Text(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def observed() -> Digest:
    """Nothing is stopped yet: a new installation."""
    found = outcomes(20, WEEK, accounts(3))
    would = (replace(o, result=Result.WOULD_STOP) for o in found if o.result is Result.STOPPED)
    return compose(EVERYBODY, WEEK, would, (), NO_PAST, PRICES)


DIGESTS: Mapping[str, Callable[[], Digest]] = {
    "week": organization,
    "observed": observed,
    "quiet": lambda: quiet(EVERYBODY),
}


@pytest.mark.parametrize("name", DIGESTS)
def test_the_messages(name: str, snapshot: SnapshotAssertion) -> None:
    told = [{"text": m.text, "blocks": m.blocks} for m in messages(DIGESTS[name](), PEOPLE)]
    assert json.loads(json.dumps(told)) == snapshot.use_extension(JSONSnapshotExtension)


def test_the_letter(snapshot: SnapshotAssertion) -> None:
    assert letter(organization()) == snapshot.use_extension(Text)


def test_the_terminal(snapshot: SnapshotAssertion) -> None:
    out = StringIO()
    print_digest(Console(file=out, width=120), organization())
    shown = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    assert shown == snapshot.use_extension(Text)


def assert_slack_takes(told: Digest) -> None:
    found = messages(told, PEOPLE)
    for message in found:
        assert list(problems([dict(block) for block in message.blocks])) == []
        assert characters([dict(block) for block in message.blocks]) <= TOTAL
    assert len(found) <= PAGES + 3


def test_a_month_of_an_organization_fits_slacks_limits() -> None:
    assert_slack_takes(organization(5_000, MONTH, 400))


@examples(20)  # each composes hundreds of outcomes
@given(count=st.integers(0, 600), size=st.integers(1, 60))
def test_whatever_its_size_an_organization_fits_slacks_limits(count: int, size: int) -> None:
    assert_slack_takes(organization(count, MONTH, size))


@given(name=any_text, owner=any_text, reason=any_text)
def test_a_letter_has_a_line_for_each_thing_whatever_people_write(
    name: str, owner: str, reason: str
) -> None:
    hostile = replace(glue(name), owner=owner, reason=reason, result=Result.FAILED)
    plain = replace(glue("s"), owner="o" if owner else "", reason="r", result=Result.FAILED)
    assert letter(digest(hostile)).count("\n") == letter(digest(plain)).count("\n")
    assert re.fullmatch(r"[ -~]{1,99}", subject(digest(hostile)))
    letter(digest(hostile)).encode()


def test_a_letter_is_within_what_sns_takes() -> None:
    worst = "é" * 255
    entries = [
        replace(glue(f"{n}{worst}"), owner=f"{n}{worst}", reason=worst, result=result, kind=worst)
        for n in range(300)
        for result in Result
    ]
    assert len(letter(digest(*entries)).encode()) < 256 * 1024


@given(name=any_text, owner=any_text)
def test_a_page_has_no_tags_but_its_own_whatever_people_write(name: str, owner: str) -> None:
    failed = replace(glue(name), owner=owner, result=Result.FAILED)
    shown = page([compose(EVERYBODY, DAY, [failed], (), NO_PAST, PRICES)])
    known = page(
        [compose(EVERYBODY, DAY, [replace(failed, id="s", owner="")], (), NO_PAST, PRICES)]
    )
    assert re.findall(r"<[^>]*>", shown) == re.findall(r"<[^>]*>", known)


def test_a_page_has_the_chart_in_it() -> None:
    shown = page([organization()])
    assert shown.count('src="data:image/png;base64,') == 1
    assert "http" not in shown.replace("http-equiv", "")


def test_the_builder_link_has_the_blocks() -> None:
    message, *_ = messages(organization())
    link = builder_link(message)
    assert link.startswith(BUILDER)
    assert json.loads(unquote(link.removeprefix(BUILDER))) == {
        "blocks": json.loads(json.dumps(message.blocks))
    }
