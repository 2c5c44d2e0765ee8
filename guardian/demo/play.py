"""Runs the story from the first curtain to the last, and writes down what happened."""

import signal
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from time import monotonic
from types import FrameType

from guardian.demo.cast import ORGANIZATION_CHANNEL, TEAM_CHANNEL, build, environment, hire
from guardian.demo.record import write
from guardian.demo.servers import local_aws, local_slack
from guardian.demo.stage import Stage
from guardian.demo.story import Story
from guardian.demo.warning import warn
from guardian.errors import InputError


def run_demo(output: Path, accounts: int, keep: bool) -> int:  # noqa: FBT001  named by its caller
    """Answers the exit code: 0 only if every step really happened."""
    stage = Stage()
    started = monotonic()
    _make(output)
    signal.signal(signal.SIGTERM, _end)  # or local AWS would outlive the demo
    stage.say("guardian, on a local AWS and a local Slack. Ten minutes pass in a second.")
    with local_aws() as aws, local_slack((ORGANIZATION_CHANNEL, TEAM_CHANNEL)) as slack:
        cast = build(aws, accounts)
        story = Story(cast, hire(cast, slack, output / "config"), stage)
        story.introduce()
        for chapter in (
            story.roll_out,
            story.work,
            story.end,
            story.catch,
            story.repair,
            story.move,
        ):
            chapter()
        warn(story, slack)
        announced = story.announce()
        write(output, story, announced, slack, monotonic() - started)
        stage.say(f"See {output}/slack.html, digest.png, digest.json and summary.json.")
        for failure in stage.failed:
            stage.say(f"did not happen: {failure}")
        if keep:
            _hold(stage, output, environment(cast, slack), slack.page)
    return 1 if stage.failed else 0


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _make(output: Path) -> None:
    """The directory for the results. Raises InputError where nothing can be written."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / "summary.json").touch()
    except OSError as error:
        raise InputError(f"{output}: nothing can be written there: {error.strerror}") from error


def _hold(stage: Stage, output: Path, variables: Mapping[str, str], page: str) -> None:
    """Leave the servers up until Ctrl-C, and say how to poke them."""
    lines = "".join(f"export {name}={value}\n" for name, value in variables.items())
    (output / "environment").write_text(lines)
    stage.chapter("The servers stay up until Ctrl-C")
    stage.say("In another terminal:")
    stage.say(f"  . {output}/environment")
    stage.say("  aws cloudformation list-stack-sets    # or any other tool for AWS")
    stage.say(f"  guardian status --config {output}/config")
    stage.say(f"In a browser: {page}")
    try:
        while not Event().wait(1):  # in turns: one that comes just before an endless wait is lost
            pass
    except KeyboardInterrupt:
        stage.say("bye")
