"""The pages about the kinds are those of their declarations. `python -m tests.unit.test_docs` writes them."""

import json
import re

import pytest
from typer.testing import CliRunner

from guardian.cli import app
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from tests.unit.kind_pages import FOLDER, INDEX, TABLE, written_pages

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
PAGES = written_pages()
RUN = CliRunner()


def test_the_pages_of_the_kinds_are_written_from_their_declarations() -> None:
    assert TABLE.search(INDEX.read_text("utf-8"))
    assert {path: path.read_text("utf-8") for path in PAGES if path.exists()} == PAGES
    assert {path for path in PAGES if path != INDEX} == set(FOLDER.iterdir())


@every_kind
def test_a_page_shows_all_that_a_kind_does(kind: Kind) -> None:
    text = PAGES[FOLDER / f"{kind.key}.md"]
    wanted = [
        *(call.permission for call in kind.calls),
        *kind.phases,
        *(name for start in kind.starts for name in start.names),
        *(path for start in kind.starts for path in start.ids.values()),
        *kind.gone,
    ]
    assert [word for word in wanted if f"`{word}`" not in text] == []
    assert kind.loses in text
    assert kind.price in text


@every_kind
def test_the_facts_of_a_kind_are_told_with_their_sources(kind: Kind) -> None:
    facts = INDEX.read_text("utf-8").split(f"\n## {kind.key}\n")[1].split("\n## ")[0]
    assert len(re.findall(r"\([BDIMPR](?:, [BDIMPR])*[);,]", facts)) >= 3


def test_kinds_are_listed_for_programs() -> None:
    listed = json.loads(RUN.invoke(app, ["kinds", "--format", "json"]).output)
    assert [each["kind"] for each in listed] == list(all_kinds())
    session = next(each for each in listed if each["kind"] == "glue-session")
    assert session.pop("patterns")[0]["detail"]["eventName"] == ["CreateSession"]
    assert session == {
        "kind": "glue-session",
        "title": "Glue interactive session",
        "default": True,
        "stop": "glue:StopSession",
        "iam_actions": [
            "glue:GetSession",
            "glue:GetTags",
            "glue:ListSessions",
            "glue:StopSession",
            "glue:TagResource",
        ],
        "price_basis": "DPUs at the DPU-hour price until Glue's own idle timeout; R and Z workers are unknown",
        "stopping_loses": "the session's variables and cached data; its history stays",
        "grace": "30m",
        "idle": None,
    }


def test_kinds_are_listed_for_people_within_120_columns() -> None:
    lines = RUN.invoke(app, ["kinds"]).output.splitlines()
    assert max(map(len, lines)) <= 120
    assert sum(line.startswith(tuple(all_kinds())) for line in lines) == len(all_kinds())
    assert not any("…" in line for line in lines)
