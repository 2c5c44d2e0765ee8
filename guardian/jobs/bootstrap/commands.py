"""The same as commands of the AWS CLI, for people who deploy by their own pipeline. Pure."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import join, quote

from guardian.ids import Region
from guardian.jobs.bootstrap.steps import PLACE, STACK, TRUST, Do, Step
from guardian.ports.bootstrap import HubStack


def commands(
    steps: Iterable[Step],
    stack: HubStack | None,
    region: Region,
    template: Path,
    policies: Iterable[Path],
) -> Iterator[tuple[Do, str]]:
    """Each step with a command for it, in their order."""
    for step in steps:
        if step.do is Do.TRUST:
            yield step.do, f"{TRUST} --region {region}"
        elif step.do is Do.UPLOAD:
            for file in policies:
                yield step.do, f"aws s3 cp {quote(str(file))} {_place(stack, region)}/{file.name}"
        else:
            yield step.do, _deploy(step, region, template)


def _deploy(step: Step, region: Region, template: Path) -> str:
    told = [f"{name}={value}" for name, value in sorted(step.parameters.items())]
    return join(
        [
            *("aws", "cloudformation", "deploy", "--region", region, "--stack-name", STACK),
            *("--template-file", str(template), "--capabilities", "CAPABILITY_NAMED_IAM"),
            "--no-fail-on-empty-changeset",
            *("--tags", "guardian:managed-by=guardian"),
            *("--parameter-overrides", *told),
        ]
    )


def _place(stack: HubStack | None, region: Region) -> str:
    known = stack.outputs.get(PLACE) if stack else None
    if known:
        return quote(known)
    query = f"Stacks[0].Outputs[?OutputKey=='{PLACE}'].OutputValue"
    asked = f"aws cloudformation describe-stacks --region {region} --stack-name {STACK}"
    return f'"$({asked} --query "{query}" --output text)"'
