"""Runs the story from the first curtain to the last, and writes down what happened."""

from pathlib import Path
from threading import Event
from time import monotonic

from guardian.demo.cast import ORGANIZATION_CHANNEL, TEAM_CHANNEL, build, environment, hire
from guardian.demo.record import write
from guardian.demo.servers import local_aws, local_slack
from guardian.demo.stage import Stage
from guardian.demo.story import Story


def run_demo(output: Path, accounts: int, keep: bool) -> int:  # noqa: FBT001  named by its caller
    """Answers the exit code: 0 only if every step really happened."""
    stage = Stage()
    started = monotonic()
    output.mkdir(parents=True, exist_ok=True)
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
        announced = story.announce()
        write(output, story, announced, slack, monotonic() - started)
        stage.say(f"See {output}/slack.html, digest.png, digest.json and summary.json.")
        for failure in stage.failed:
            stage.say(f"did not happen: {failure}")
        if keep:
            _hold(stage, dict(environment(cast, slack)), slack.page)
    return 1 if stage.failed else 0


def _hold(stage: Stage, variables: dict[str, str], page: str) -> None:
    """Leave the servers up until Ctrl-C, and say how to poke them."""
    stage.chapter("The servers stay up until Ctrl-C")
    for name, value in variables.items():
        stage.say(f"export {name}={value}")
    stage.say("aws cloudformation list-stack-sets    # or any AWS tool, with the variables above")
    stage.say("guardian status --config demo-output/config")
    stage.say(f"Slack: {page}")
    try:
        Event().wait()
    except KeyboardInterrupt:
        stage.say("bye")
