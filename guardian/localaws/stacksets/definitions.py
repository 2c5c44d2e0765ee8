"""Checks and reads what a call says about a stack set: name, template, parameters, tags."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from guardian.localaws.cloudformation.s3 import read_object
from guardian.localaws.cloudformation.template import (
    MAX_INLINE,
    check_capabilities,
    parse,
)
from guardian.localaws.stacksets.errors import ValidationError
from guardian.localaws.stacksets.model import AutoDeployment
from guardian.localaws.stacksets.registry import Call

MAX_LINKED = 1_048_576
"""Bytes of a template in S3."""
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


def checked_name(name: str) -> str:
    """Raises ValidationError."""
    if not NAME.fullmatch(name):
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    return name


def template_text(call: Call, previous: str | None = None) -> str:
    """The template of a call, inline or from S3. Raises ValidationError."""
    if call["UsePreviousTemplate"] and previous is not None:
        return previous
    if body := call["TemplateBody"]:
        if len(body.encode()) > MAX_INLINE:
            raise ValidationError(
                "1 validation error detected: Value at 'templateBody' failed to satisfy "
                f"constraint: Member must have length less than or equal to {MAX_INLINE}"
            )
        return str(body)
    if url := call["TemplateURL"]:
        return _linked(url, call)
    raise ValidationError("Either Template URL or Template Body must be specified.")


def _linked(url: str, call: Call) -> str:
    if not url.startswith("https://"):
        raise ValidationError("TemplateURL must be a supported URL.")
    text = read_object(url, call.account)
    if len(text.encode()) > MAX_LINKED:
        raise ValidationError(
            f"Template may not exceed {MAX_LINKED} bytes in size. (TemplateURL: {url})"
        )
    return text


def check_template(text: str, call: Call, *, service_managed: bool) -> None:
    """Raises ValidationError, InsufficientCapabilities."""
    template = parse(text)
    if service_managed:
        _refuse_transforms(template)
    check_capabilities(template, call["Capabilities"] or ())


def _refuse_transforms(template: Mapping[str, Any]) -> None:
    types = [resource.get("Type") for resource in template["Resources"].values()]
    if template.get("Transform") or "AWS::CloudFormation::Stack" in types:
        raise ValidationError(
            "StackSets with SERVICE_MANAGED permission model do not support templates that "
            "include macros, transforms or nested stacks"
        )


def parameters(call: Call, previous: Mapping[str, str] | None = None) -> dict[str, str]:
    """Raises ValidationError when a previous value is asked for and there is none."""
    read = {}
    for parameter in call["Parameters"] or []:
        key = parameter["ParameterKey"]
        if not parameter.get("UsePreviousValue"):
            read[key] = parameter.get("ParameterValue", "")
        elif previous is None or key not in previous:
            raise ValidationError(f"Parameter '{key}' has no previous value")
        else:
            read[key] = previous[key]
    return read


def overrides(call: Call) -> dict[str, str | None] | None:
    """None: leave them as they are; a value that is None: keep that one."""
    asked: Sequence[Mapping[str, Any]] = call["ParameterOverrides"] or ()
    if not asked:
        return None
    return {
        p["ParameterKey"]: None if p.get("UsePreviousValue") else p.get("ParameterValue", "")
        for p in asked
    }


def tags(call: Call) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in call["Tags"] or ()}


def auto_deployment(call: Call) -> AutoDeployment:
    """Raises ValidationError when it contradicts itself."""
    asked = call["AutoDeployment"] or {}
    enabled = bool(asked.get("Enabled"))
    if not enabled and "RetainStacksOnAccountRemoval" in asked:
        raise ValidationError(
            "RetainStacksOnAccountRemoval can only be specified when AutoDeployment is enabled"
        )
    return AutoDeployment(
        enabled, bool(asked.get("RetainStacksOnAccountRemoval")), asked.get("DependsOn") or ()
    )
