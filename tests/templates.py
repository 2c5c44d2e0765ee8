"""Reads and checks templates. What does is imported where it is asked: that takes more than a second each."""

from typing import Any


def complaints(template: str, *regions: str) -> list[str]:
    """What cfn-lint says of a template: nothing where it is right for these regions."""
    from cfnlint.api import ManualArgs, lint

    return [str(match) for match in lint(template, config=ManualArgs(regions=list(regions)))]


def parsed(template: str) -> dict[str, Any]:
    """The template as local CloudFormation reads it."""
    from guardian.localaws.cloudformation.template import parse

    return parse(template)
