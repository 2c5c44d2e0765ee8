"""Every command that a page shows exists, with every option that it is given. Most are run too: test_commands_run."""

import importlib.util
import re
from functools import cache

import botocore.session
import pytest
import typer
import typer.main
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

from guardian.cli import app
from tests.docs.commands import ROOT, Shown, mentioned, shown

GUARDIAN = typer.main.get_command(app)
COMMANDS = shown()
MENTIONED = tuple(
    each for program in ("guardian", "make", "aws", "python") for each in mentioned(program)
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
OTHERS = {
    "cp": "the shell's own",
    "curl": "asks what guardian or a local server serves: the tests of those paths do",
    "docker": "no container engine where the tests run: the image has a test of its own",
    "echo": "the shell's own",
    "export": "the shell's own",
    "git": "git's own",
    "pip": "pip's own; `make` sets up with it",
    "python": "its modules are checked to exist",
    "read": "the shell's own",
    "sqlite3": "SQLite's own; the journal's tests read the same columns",
    "tee": "the shell's own",
}
"""Programs that are neither guardian's nor AWS's, and why nothing more is checked."""
BY_THE_CLI = {
    ("cloudformation", "deploy"): {
        "template-file", "stack-name", "capabilities", "parameter-overrides", "no-fail-on-empty-changeset", "tags",
        "s3-bucket",
    },
    ("logs", "tail"): {"follow", "since"},
    ("s3", "cp"): {"recursive"},
    ("s3", "rm"): {"recursive"},
    ("s3", "sync"): {"delete"},
}  # fmt: skip
"""Commands that the AWS CLI has besides the API's, with their options."""
RENAMED = {("sns", "subscribe", "--notification-endpoint"): "--endpoint"}
"""Options that the AWS CLI calls otherwise than the API."""
EVERYWHERE = {"query", "output", "region", "profile", "no-cli-pager"}


def wrong(each: Shown) -> str:
    """What is wrong with a command, in words; nothing where nothing is."""
    match each.program:
        case "guardian":
            return wrong_with_guardian(each)
        case "aws":
            return wrong_with_aws(each)
        case "make":
            unknown = [a for a in each.arguments if "=" not in a and a not in TARGETS]
            return f"there is no target {unknown}" if unknown else ""
        case "python" if each.words[1] == "-m":
            there = each.words[2] == "pytest" or importlib.util.find_spec(each.words[2])
            return "" if there else f"there is no module {each.words[2]}"
        case program:
            return "" if program in OTHERS else "nobody knows this program"


def wrong_with_guardian(each: Shown) -> str:
    """As typer says it. A command that is only mentioned needs no arguments, and its options no values."""
    command, rest = GUARDIAN, each.arguments
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        found = command.get_command(typer.Context(command), rest[0])
        if found is None:
            return f"there is no command {rest[0]}"
        command, rest = found, rest[1:]
    if not each.whole:
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        unknown = [word for word in rest if word.startswith("--") and word not in known]
        return f"there is no option {unknown}" if unknown else ""
    try:
        command.make_context("guardian", list(rest))
    except Exit:
        return ""  # --help
    except TyperException as error:
        return str(error)
    return ""


def wrong_with_aws(each: Shown) -> str:
    """As AWS's own models have it, from which the AWS CLI makes its commands."""
    service, name, *rest = each.arguments
    rest = [RENAMED.get((service, name, word), word) for word in rest]
    given = {word[2:].split("=")[0] for word in rest if word.startswith("--")} - EVERYWHERE
    if (service, name) in BY_THE_CLI:
        unknown = given - BY_THE_CLI[service, name]
        return f"there is no option {sorted(unknown)}" if unknown else ""
    try:
        operations = commands_of(service)
    except UnknownServiceError:
        return f"AWS has no service {service}"
    if name not in operations:
        return f"{service} has no command {name}"
    options, required = operations[name]
    given = {option if option in options else option.removeprefix("no-") for option in given}
    unknown = given - options
    missing = required - given if each.whole else set()
    return f"no option {sorted(unknown)}, missing {sorted(missing)}" if unknown or missing else ""


@cache
def commands_of(service: str) -> dict[str, tuple[set[str], set[str]]]:
    """The commands of a service, each with its options and those that it needs."""
    model = botocore.session.get_session().get_service_model(service)
    return {dashed(name): options_of(model, name) for name in model.operation_names}


def options_of(model: ServiceModel, operation: str) -> tuple[set[str], set[str]]:
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return set(), set()
    return {dashed(n) for n in shape.members}, {dashed(n) for n in shape.required_members}


def dashed(name: str) -> str:
    return xform_name(name, "-")


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    found = {str(each): wrong(each) for each in COMMANDS}
    assert {command: why for command, why in found.items() if why} == {}


def test_every_command_that_a_sentence_names_exists_with_its_options() -> None:
    found = {str(each): wrong(each) for each in MENTIONED}
    assert {command: why for command, why in found.items() if why} == {}


def test_commands_were_found() -> None:
    assert {each.program for each in COMMANDS} >= {"guardian", "make", "aws"}
    assert len(COMMANDS) > 60
    assert len(MENTIONED) > 100


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("guardian plann", "there is no command plann"),
        ("guardian plan --everything", "No such option"),
        ("guardian keep 111122223333", "Missing parameter"),
        ("guardian prices refreshed", "there is no command refreshed"),
        ("make tea", "there is no target"),
        ("aws glue halt-session --id x", "glue has no command halt-session"),
        ("aws glue stop-session --name x", "no option ['name'], missing ['id']"),
        ("aws glew stop-session", "AWS has no service"),
        ("aws cloudformation deploy --stack x", "there is no option ['stack']"),
        ("python -m guardian.nothing", "there is no module"),
        ("rm -rf x", "nobody knows this program"),
    ],
)
def test_what_does_not_exist_is_noticed(line: str, why: str) -> None:
    assert why in wrong(Shown("a page", tuple(line.split())))
