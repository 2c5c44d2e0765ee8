"""What `guardian validate` prints."""

from collections.abc import Iterator
from dataclasses import dataclass

from guardian.documents import Document
from guardian.errors import InputError
from guardian.places import Position, Problem
from guardian.terminal import clean


@dataclass(frozen=True)
class Validation:
    """How many policies hold, none of them when there are errors, and what was found. An error may have no place."""

    policies: int
    errors: tuple[Problem | str, ...] = ()
    warnings: tuple[Problem, ...] = ()


def refused(error: InputError) -> Validation:
    """What an error says, each problem with its place as far as it has one."""
    placed = {str(problem): problem for problem in error.located}
    return Validation(0, tuple(placed.get(text, text) for text in error.problems))


def document(validation: Validation) -> Document:
    """The validation as JSON; file, line and column are null where there is none."""
    return {
        "policies": validation.policies,
        "errors": [_problem_document(problem) for problem in validation.errors],
        "warnings": [_problem_document(problem) for problem in validation.warnings],
    }


def _problem_document(problem: Problem | str) -> Document:
    match problem:
        case Problem(Position() as at, message):
            return {"file": at.file, "line": at.line, "column": at.column, "message": message}
        case _:
            return {"file": None, "line": None, "column": None, "message": str(problem)}


def text(validation: Validation) -> Iterator[str]:
    """Lines for people. Errors are none of them: they go to stderr."""
    for warning in validation.warnings:
        yield f"warning: {clean(str(warning))}"
    yield _count(validation.policies)


def github(validation: Validation) -> Iterator[str]:
    """Workflow commands: GitHub Actions shows each problem beside the line that it is about."""
    yield from (_workflow_command("error", problem) for problem in validation.errors)
    yield from (_workflow_command("warning", problem) for problem in validation.warnings)
    if not validation.errors:
        yield _count(validation.policies)


def _workflow_command(level: str, problem: Problem | str) -> str:
    match problem:
        case Problem(Position() as at, message):
            file = _escaped(at.file).replace(":", "%3A").replace(",", "%2C")
            place = f" file={file},line={at.line},col={at.column}"
            return f"::{level}{place}::{_escaped(message)}"
        case _:
            return f"::{level}::{_escaped(str(problem))}"


def _escaped(foreign: str) -> str:
    return clean(foreign.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _count(policies: int) -> str:
    return "1 policy is right" if policies == 1 else f"{policies} policies are right"
