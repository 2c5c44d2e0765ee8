"""What a bootstrap says: what it found, what it is going to do, what is next."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from guardian.ids import Region
from guardian.jobs.bootstrap import Done, Survey
from guardian.jobs.bootstrap.parameters import IMAGE
from guardian.jobs.bootstrap.steps import PLACE, Do
from guardian.terminal import clean

VALUE = '\'{"bot_token": "xoxb-…", "app_token": "xapp-…"}\''


def found_lines(found: Survey, region: Region, files: Iterable[str]) -> Iterator[str]:
    """Who is asking, where, and each step."""
    caller = found.caller
    account = "the management account" if caller.manages else "an administrator of StackSets"
    yield f"You are {clean(caller.arn)},"
    yield f"account {caller.account}, {account} of the organization {caller.organization}."
    yield ""
    yield f"To do in {region}:"
    names = ", ".join(map(clean, files)) or "none yet"
    for number, step in enumerate(found.steps, 1):
        more = f": {names}" if step.do is Do.UPLOAD else ""
        if step.do is Do.DAEMON:
            more = f": {clean(step.parameters[IMAGE])}"
        yield f"{number}. {step.do}{more}"
    yield "with"
    told = sorted(found.made.items())
    yield from (f"   {name}={clean(value)}" for name, value in told if value)


def done_lines(done: Done, directory: Path) -> Iterator[str]:
    """What came of it, and what is next."""
    outputs = done.stack.outputs
    yield ""
    yield "Nothing had to be changed." if not done.changed else "Done:"
    yield from (f"  {clean(line)}" for line in done.changed)
    yield ""
    yield "Next:"
    config = "" if directory == Path("config") else f" --config {directory}"
    yield f"  guardian validate{config}"
    yield f"  guardian plan{config}"
    if "Service" in outputs:
        yield from _of_the_daemon(done)
    else:
        yield f"  guardian bootstrap{config} --image IMAGE   # there is no daemon yet: name its image"
    yield f"Policies: change them in {directory / 'policies'}, look at guardian plan, and run guardian bootstrap again."
    yield f"The daemon reads {clean(outputs[PLACE])}."


def _of_the_daemon(done: Done) -> Iterator[str]:
    outputs = done.stack.outputs
    yield f"  aws logs tail {clean(outputs['Log'])} --follow"
    yield "Slack's tokens go into a secret; the daemon reads it when it starts:"
    secret, cluster = clean(outputs["SlackSecret"]), clean(outputs["Cluster"])
    yield f"  aws secretsmanager put-secret-value --secret-id {secret} --secret-string {VALUE}"
    yield (
        f"  aws ecs update-service --cluster {cluster} --service {clean(outputs['Service'])} "
        "--force-new-deployment"
    )
