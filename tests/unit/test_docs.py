"""What the pages say is there. `python -m tests.unit.test_docs` writes help texts and kinds into the reference."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import own_costs
from guardian.cli import COMMANDS, app
from guardian.cli.exits import CODES, HELD
from guardian.ids import Slug
from guardian.kinds import all_kinds
from guardian.outcome import Result
from guardian.policy.load import load_policies
from guardian.policy.model import Mode, Rule
from guardian.stack.state_machine import definition
from tests.docs import schema_page
from tests.unit.kind_pages import written_pages

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CLI = DOCS / "reference" / "cli.md"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
HELP = re.compile(r"(?<=```console\n)\$ guardian((?: \w+)*) --help\n.*?(?=```)", re.DOTALL)
BELOW = {"prices refresh", "journal export", "journal backup", "journal copy"}
"""Commands of commands."""
WIDTH = 78

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def read(page: Path) -> str:
    return page.read_text("utf-8")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", read(page), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The file, empty for the page itself, and the anchor of every link to another page of ours."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not target.startswith(("https://", "http://")):
            file, _, anchor = target.partition("#")
            yield file, anchor


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def section(page: Path, title: str) -> str:
    return read(page).split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def helped(found: re.Match[str]) -> str:
    command = found[1].split()
    result = CliRunner().invoke(
        app, [*command, "--help"], prog_name="guardian", terminal_width=WIDTH
    )
    assert result.exit_code == 0
    lines = (line.rstrip() for line in result.output.strip().splitlines())
    return "\n".join([f"$ {' '.join(['guardian', *command])} --help", *lines, ""])


def with_real_help(page: str) -> str:
    return HELP.sub(helped, page)


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for file, anchor in links(page):
        target = (page.parent / file) if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


@every_page
def test_no_page_speaks_of_somebodys_own_machine(page: Path) -> None:
    assert not re.search(r"/(work|root|Users)/|/home/(?!ec2-user)|/tmp/", read(page))


def test_every_page_is_in_the_index() -> None:
    below = {p for p in DOCS.rglob("*.md") if p.parent.name not in {"adr", "kinds", "local-aws"}}
    listed = {(DOCS / file).resolve() for file, _ in links(DOCS / "README.md")}
    assert below - {DOCS / "README.md"} <= listed


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"guardian {version('guardian')}\n")


def test_the_help_in_the_reference_is_the_real_one() -> None:
    assert read(CLI) == with_real_help(read(CLI))


def test_every_command_is_in_the_reference() -> None:
    shown = {found[1].strip() for found in HELP.finditer(read(CLI))}
    assert shown == {"", *COMMANDS, *BELOW}


def test_every_exit_code_is_explained() -> None:
    explained = re.findall(r"^\| (\d) \|", section(CLI, "Exit codes"), re.MULTILINE)
    assert {0, 1, HELD, *CODES.values()} == {int(code) for code in explained}


def test_the_outcome_event_is_documented_as_it_is_sent() -> None:
    kind = next(iter(all_kinds().values()))
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    tell = json.loads(definition(Slug("any"), rule))["States"]["Tell"]
    sent = re.findall(r"'(\w+)': ", tell["Assign"]["detail"])
    page = DOCS / "reference" / "events.md"
    assert first_cells(section(page, "The detail, version 1")) == sent


def test_every_outcome_and_state_is_explained() -> None:
    page = DOCS / "reference" / "state-machine.md"
    assert set(first_cells(section(page, "Outcomes"))) == set(Result)
    kind = next(iter(all_kinds().values()))
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    states = json.loads(definition(Slug("any"), rule))["States"]
    names = {"Look at …" if name.startswith("Look at") else name for name in states}
    assert [name for name in names if f"`{name}`" not in read(page)] == []


@pytest.mark.parametrize("name", ["README.md", "docs/how-to/exempt-something.md"])
def test_the_policies_shown_are_valid(name: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", read(ROOT / name), re.DOTALL | re.MULTILINE)
    assert blocks
    for number, block in enumerate(blocks):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "example.yaml").write_text(block, encoding="utf-8")
        assert load_policies(directory)


def test_decision_records_are_numbered_without_a_gap_and_alike() -> None:
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))
    listed = [file for file, _ in links(DOCS / "adr" / "README.md")]
    assert [record.name for record in records] == [file for file in listed if file[0] == "0"]
    for number, record in enumerate(records, start=1):
        assert record.name.startswith(f"{number:04}-")
        assert read(record).startswith(f"# {number}. ")
        headings = re.findall(r"^## (.+)$", read(record), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"]


if __name__ == "__main__":
    CLI.write_text(with_real_help(read(CLI)), encoding="utf-8")
    for file, page_of_a_kind in written_pages().items():
        file.write_text(page_of_a_kind, encoding="utf-8")
    schema_page.PAGE.write_text(schema_page.written(), encoding="utf-8")
    own_costs.PAGE.write_text(own_costs.written(read(own_costs.PAGE)), encoding="utf-8")
