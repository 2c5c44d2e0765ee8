"""AWS::ECS: clusters, task definitions and services. Nobody runs the tasks."""

import json
from collections.abc import Mapping
from typing import Any

from moto.ecs.models import ecs_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where

TASK_DEFINITION = {
    "Family": "family",
    "ContainerDefinitions": "container_definitions",
    "Volumes": "volumes",
    "NetworkMode": "network_mode",
    "RequiresCompatibilities": "requires_compatibilities",
    "Cpu": "cpu",
    "Memory": "memory",
    "TaskRoleArn": "task_role_arn",
    "ExecutionRoleArn": "execution_role_arn",
    "RuntimePlatform": "runtime_platform",
    "Tags": "tags",
}
"""What a task definition may state, and what moto calls it."""
CLUSTER = frozenset({"ClusterName", "ClusterSettings", "Tags"})
SERVICE = frozenset(
    {
        "ServiceName",
        "Cluster",
        "TaskDefinition",
        "DesiredCount",
        "LaunchType",
        "PlatformVersion",
        "NetworkConfiguration",
        "DeploymentConfiguration",
        "PropagateTags",
        "EnableECSManagedTags",
        "Tags",
    }
)
AS_THEY_ARE = ("Options", "DockerLabels")
"""Maps whose keys are data."""


def _ecs(where: Where) -> Any:
    return ecs_backends[where.account][where.region]


def _low(value: Any) -> Any:
    """As ECS's API spells it: `portMappings` for `PortMappings`."""
    if isinstance(value, list):
        return [_low(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key[:1].lower() + key[1:]: dict(item) if key in AS_THEY_ARE else _low(item)
        for key, item in value.items()
    }


def _create_cluster(where: Where, properties: Properties) -> Made:
    cluster = _ecs(where).create_cluster(
        cluster_name=properties["ClusterName"],
        tags=_low(properties.get("Tags", [])),
        cluster_settings=_low(properties.get("ClusterSettings")),
    )
    return Made(cluster.name, {"Arn": cluster.arn})


def _update_cluster(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    cluster = _ecs(where).clusters[made.physical_id]
    cluster.settings = _low(properties.get("ClusterSettings")) or cluster.settings
    cluster.tags = _low(properties.get("Tags", []))
    return made


def _delete_cluster(where: Where, made: Made, _: Properties) -> None:
    _ecs(where).clusters.pop(made.physical_id, None)


def _create_definition(where: Where, properties: Properties) -> Made:
    stated = {name: properties[key] for key, name in TASK_DEFINITION.items() if key in properties}
    spelt = {name: _low(value) for name, value in stated.items()}
    for name in ("cpu", "memory"):
        if name in spelt:
            spelt[name] = str(spelt[name])
    made = _ecs(where).register_task_definition(**spelt)
    return Made(made.arn, {"TaskDefinitionArn": made.arn})


def _replace_definition(_: Where, made: Made, __: Properties, ___: Properties) -> Made:
    return made  # every property is create-only: a change is another revision


def _delete_definition(where: Where, made: Made, _: Properties) -> None:
    _ecs(where).deregister_task_definition(made.physical_id)


def _create_service(where: Where, properties: Properties) -> Made:
    service = _ecs(where).create_service(
        properties.get("Cluster", "default"),
        properties["ServiceName"],
        int(properties.get("DesiredCount", 1)),
        task_definition_str=properties["TaskDefinition"],
        tags=_low(properties.get("Tags", [])),
        launch_type=properties.get("LaunchType"),
        platform_version=properties.get("PlatformVersion"),
        network_configuration=_network(properties),
    )
    _configure(service, properties)
    return Made(service.arn, {"Name": service.name, "ServiceArn": service.arn})


def _network(properties: Properties) -> Any:
    return _low(properties.get("NetworkConfiguration"))


def _configure(service: Any, properties: Properties) -> None:
    for deployment in service.deployments:
        deployment["taskDefinition"] = service.task_definition
    # Moto's answers have every attribute of its service.
    service.deployment_configuration = _low(properties.get("DeploymentConfiguration", {}))


def _update_service(where: Where, _: Made, __: Properties, properties: Properties) -> Made:
    cluster = properties.get("Cluster", "default").split("/")[-1]
    service = _ecs(where).services[f"{cluster}:{properties['ServiceName']}"]
    # Not by moto's own update: it takes every desired task for one that runs.
    service.desired_count = int(properties.get("DesiredCount", 1))
    service.pending_count = service.desired_count - service.running_count
    service.task_definition = (
        _ecs(where).describe_task_definition(properties["TaskDefinition"]).arn
    )
    if network := _network(properties):
        service.network_configuration = service._validate_network(network)
    _configure(service, properties)
    return Made(service.arn, {"Name": service.name, "ServiceArn": service.arn})


def _delete_service(where: Where, _: Made, properties: Properties) -> None:
    cluster = properties.get("Cluster", "default").split("/")[-1]
    _ecs(where).services.pop(f"{cluster}:{properties['ServiceName']}", None)


def _read_service(where: Where, _: Made, properties: Properties) -> Properties | None:
    cluster = properties.get("Cluster", "default").split("/")[-1]
    service = _ecs(where).services.get(f"{cluster}:{properties['ServiceName']}")
    if service is None:
        return None
    actual = {
        "DesiredCount": service.desired_count,
        "TaskDefinition": service.task_definition,
    }
    stated = {key: value for key, value in actual.items() if key in properties}
    return json.loads(json.dumps({**properties, **stated}))


TYPES = (
    ResourceType(
        "AWS::ECS::Cluster",
        _create_cluster,
        _update_cluster,
        _delete_cluster,
        name_property="ClusterName",
        known=CLUSTER,
    ),
    ResourceType(
        "AWS::ECS::TaskDefinition",
        _create_definition,
        _replace_definition,
        _delete_definition,
        name_property="Family",
        create_only=frozenset(TASK_DEFINITION),
        known=frozenset(TASK_DEFINITION),
    ),
    ResourceType(
        "AWS::ECS::Service",
        _create_service,
        _update_service,
        _delete_service,
        _read_service,
        name_property="ServiceName",
        create_only=frozenset({"Cluster", "LaunchType"}),
        known=SERVICE,
    ),
)
