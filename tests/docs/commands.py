"""The commands that the pages show, taken out of them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *map(ROOT.joinpath, ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
"""The changelog tells of the past, and is not among them."""
FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
STEP = re.compile(r"^\s*(?:- run: )?((?:pip|guardian|git) .*)$")
"""A line of a workflow's step."""
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
BETWEEN = ("|", "||", "&&", ";", "&")
REDIRECTIONS = (">", ">>", "<", "<<<")


@dataclass(frozen=True)
class Shown:
    """One command as a page shows it; `whole` where it stands in a block and not in a sentence."""

    page: str
    words: tuple[str, ...]
    whole: bool = True

    @property
    def program(self) -> str:
        return self.words[0].removeprefix(".venv/bin/")

    @property
    def arguments(self) -> list[str]:
        return list(self.words[1:])

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def shown() -> tuple[Shown, ...]:
    """Every command in every block of every page, in the order of the pages."""
    return tuple(each for page in PAGES for each in _in_blocks(page))


def mentioned(program: str) -> tuple[Shown, ...]:
    """What sentences say of one program, `guardian plan --all`: a part of a command, often without its arguments."""
    return tuple(
        Shown(_name(page), tuple(words), whole=False)
        for page in PAGES
        for span in INLINE.findall(FENCE.sub("", page.read_text("utf-8")))
        for words in _simple_commands(span if span.startswith(f"{program} ") else "")
    )


def languages(page: Path) -> list[str]:
    """The language of each block of a page."""
    return [language for _, language, _ in FENCE.findall(page.read_text("utf-8"))]


def _in_blocks(page: Path) -> Iterator[Shown]:
    for _, language, text in FENCE.findall(page.read_text("utf-8")):
        for line in _lines(language, text):
            for words in _simple_commands(line):
                yield Shown(_name(page), tuple(words))


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _lines(language: str, text: str) -> Iterator[str]:
    """Whole command lines: of a console what follows a prompt, of a workflow what its steps run."""
    lines = text.splitlines()
    if language == "yaml":
        yield from (found[1] for line in lines if (found := STEP.match(line)))
    elif language in {"sh", "console"}:
        yield from _continued(lines, prompted=language == "console")


def _continued(lines: list[str], *, prompted: bool) -> Iterator[str]:
    so_far = ""
    for line in lines:
        if not so_far and prompted and not line.startswith("$ "):
            continue  # what a command printed
        so_far += line if so_far or not prompted else line.removeprefix("$ ")
        if so_far.endswith("\\"):
            so_far = so_far[:-1] + " "
        elif _is_open(so_far):
            so_far += "\n"
        else:
            yield so_far
            so_far = ""
    assert not so_far, f"the command does not end: {so_far}"


def _is_open(line: str) -> bool:
    """Whether a quotation goes on in the next line."""
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return False


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line, substituted ones first, without variables, pipes and redirections."""
    for inner in SUBSTITUTION.findall(line):
        yield from _simple_commands(inner)
    lexer = shlex.shlex(
        SUBSTITUTION.sub("SUBSTITUTED", line), posix=True, punctuation_chars="|&;<>"
    )
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for token in lexer:
        if token in BETWEEN:
            yield from _command(words)
            words = []
        elif token in REDIRECTIONS:
            skip = True
        elif skip:
            skip = False
        else:
            words.append(token)
    yield from _command(words)


def _command(words: list[str]) -> Iterator[list[str]]:
    while words and ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    if words:
        yield words
