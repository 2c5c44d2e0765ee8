"""The IAM roles of a template as they are once deployed, out of the template itself. Pure."""

from collections.abc import Iterator, Mapping

from guardian.documents import Json, pick, text
from guardian.repair import ExpectedRole
from guardian.stack import names

ROLE = "AWS::IAM::Role"
_ARNS = {
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:", "StateMachineName"),
    "AWS::SNS::Topic": ("sns", "", "TopicName"),
    "AWS::SQS::Queue": ("sqs", "", "QueueName"),
}
"""Of what the policies of roles name by its logical id: how its ARN is made of its name."""


def expected_roles(resources: Mapping[str, Json]) -> Iterator[ExpectedRole]:
    """Every role of a template's resources, with CloudFormation's pseudo parameters still in the texts."""
    arns = {name: arn for name, each in resources.items() if (arn := _arn(each))}
    for each in resources.values():
        if text(each, "Type") != ROLE:
            continue
        policies = pick(each, "Properties.Policies")
        yield ExpectedRole(
            str(_plain(pick(each, "Properties.RoleName"), arns)),
            _plain(pick(each, "Properties.AssumeRolePolicyDocument"), arns),
            {
                text(policy, "PolicyName"): _plain(pick(policy, "PolicyDocument"), arns)
                for policy in (policies if isinstance(policies, list) else [])
            },
        )


def _arn(resource: Json) -> str:
    service, prefix, key = _ARNS.get(text(resource, "Type"), ("", "", ""))
    name = text(resource, f"Properties.{key}") if key else ""
    return names.arn(service, prefix + name) if name else ""


def _plain(value: Json, arns: Mapping[str, str]) -> Json:
    """The value without functions: a reference is what it stands for, a substitution its text."""
    if isinstance(value, list):
        return [_plain(each, arns) for each in value]
    if not isinstance(value, Mapping):
        return value
    match dict(value):
        case {"Fn::Sub": str(substituted)}:
            return substituted
        case {"Ref": str(name)}:
            return f"${{{name}}}" if name.startswith("AWS::") else arns[name]
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return arns[name]
        case _:
            return {key: _plain(each, arns) for key, each in value.items()}
