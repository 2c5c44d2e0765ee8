"""AWS::EC2: security groups."""

from typing import Any

from moto.ec2.models import ec2_backends

from guardian.localaws.cloudformation.failures import FAILURES
from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where

RULES = ("SecurityGroupIngress", "SecurityGroupEgress")
KNOWN = frozenset({"GroupName", "GroupDescription", "VpcId", "Tags", *RULES})
KNOWN_OF_RULE = frozenset(
    {"CidrIp", "CidrIpv6", "Description", "FromPort", "IpProtocol", "ToPort"}
)


def _ec2(where: Where) -> Any:
    return ec2_backends[where.account][where.region]


def _group(where: Where, made: Made) -> Any:
    return _ec2(where).get_security_group_from_id(made.physical_id)


def _create(where: Where, properties: Properties) -> Made:
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    group = _ec2(where).create_security_group(
        properties["GroupName"], properties["GroupDescription"], properties.get("VpcId"), tags
    )
    made = Made(group.id, {"GroupId": group.id, "Id": group.id, "VpcId": group.vpc_id})
    try:
        _put_rules(where, made, properties)
    except FAILURES:
        _delete(where, made, properties)
        raise
    return made


def _put_rules(where: Where, made: Made, properties: Properties) -> None:
    """The rules that are stated, and no others; without one for egress everything may go out."""
    group = _group(where, made)
    group.ingress_rules = []
    for rule in properties.get("SecurityGroupIngress", []):
        _ec2(where).authorize_security_group_ingress(**_arguments(group, rule))
    if "SecurityGroupEgress" in properties:
        group.egress_rules = []
    for rule in properties.get("SecurityGroupEgress", []):
        _ec2(where).authorize_security_group_egress(**_arguments(group, rule))


def _arguments(group: Any, rule: Properties) -> dict[str, Any]:
    if unknown := sorted(set(rule) - KNOWN_OF_RULE):
        raise ValueError(f"Local AWS knows no {', '.join(unknown)} of a security group's rule")
    addresses = {key: rule[key] for key in ("CidrIp", "CidrIpv6", "Description") if key in rule}
    return {
        "group_name_or_id": group.id,
        "ip_protocol": str(rule["IpProtocol"]),
        "from_port": rule.get("FromPort"),
        "to_port": rule.get("ToPort"),
        "ip_ranges": [addresses],
        "vpc_id": group.vpc_id,
    }


def _update(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    _put_rules(where, made, properties)
    return made


def _delete(where: Where, made: Made, _: Properties) -> None:
    if _group(where, made) is not None:
        _ec2(where).delete_security_group(group_id=made.physical_id)


TYPES = (
    ResourceType(
        "AWS::EC2::SecurityGroup",
        _create,
        _update,
        _delete,
        name_property="GroupName",
        create_only=frozenset({"GroupDescription", "VpcId"}),
        known=KNOWN,
    ),
)
