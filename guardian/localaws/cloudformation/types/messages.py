"""AWS::SQS and AWS::SNS: queues, topics, subscriptions and their policies."""

import json
from typing import Any

from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueAlreadyExists
from moto.sqs.models import sqs_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where

QUEUE_DEFAULTS = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 262144,
    "MessageRetentionPeriod": 345600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
}
NOT_ATTRIBUTES = ("QueueName", "Tags", "RedriveAllowPolicy")
SUBSCRIPTION_ATTRIBUTES = (
    "FilterPolicyScope",
    "FilterPolicy",
    "RawMessageDelivery",
    "DeliveryPolicy",
    "RedrivePolicy",
)


def _queue_attributes(properties: Properties) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in NOT_ATTRIBUTES}


def _queue(where: Where, made: Made) -> Any:
    return sqs_backends[where.account][where.region].queues.get(_queue_name(made.physical_id))


def _queue_name(url_or_arn: str) -> str:
    return url_or_arn.replace(":", "/").split("/")[-1]


def _create_queue(where: Where, properties: Properties) -> Made:
    backend = sqs_backends[where.account][where.region]
    if properties["QueueName"] in backend.queues:
        raise QueueAlreadyExists("The specified queue already exists.")
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    queue = backend.create_queue(properties["QueueName"], tags, **_queue_attributes(properties))
    url = f"https://sqs.{where.region}.amazonaws.com/{where.account}/{queue.name}"
    return Made(url, {"Arn": queue.queue_arn, "QueueName": queue.name, "QueueUrl": url})


def _update_queue(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    backend = sqs_backends[where.account][where.region]
    name = _queue_name(made.physical_id)
    queue = backend.get_queue(name)
    policy = {"Policy": queue.policy} if queue.policy else {}  # moto forgets what is not said
    queue.redrive_policy = queue.dead_letter_queue = None
    backend.set_queue_attributes(name, QUEUE_DEFAULTS | _queue_attributes(properties) | policy)
    queue.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    return made


def _delete_queue(where: Where, made: Made, _: Properties) -> None:
    sqs_backends[where.account][where.region].queues.pop(_queue_name(made.physical_id), None)


def _read_queue(where: Where, made: Made, _: Properties) -> Properties | None:
    queue = _queue(where, made)
    if queue is None:
        return None
    tags = [{"Key": key, "Value": value} for key, value in queue.tags.items()]
    return {**queue.attributes, "QueueName": queue.name, "Tags": tags}


def _put_queue_policy(where: Where, properties: Properties) -> Made:
    backend = sqs_backends[where.account][where.region]
    document = properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    for queue in properties["Queues"]:
        backend.get_queue(_queue_name(queue)).policy = text
    return Made(f"{_queue_name(properties['Queues'][0])}-policy")


def _update_queue_policy(where: Where, made: Made, old: Properties, new: Properties) -> Made:
    _delete_queue_policy(where, made, old)
    return _put_queue_policy(where, new)


def _delete_queue_policy(where: Where, _: Made, properties: Properties) -> None:
    queues = sqs_backends[where.account][where.region].queues
    for name in map(_queue_name, properties["Queues"]):
        if name in queues:
            queues[name].policy = None


def _read_queue_policy(where: Where, _: Made, properties: Properties) -> Properties | None:
    queues = sqs_backends[where.account][where.region].queues
    named = [queues.get(_queue_name(url)) for url in properties["Queues"]]
    policies = [queue.policy for queue in named if queue is not None and queue.policy]
    if not policies:
        return None
    return dict(properties) | {"PolicyDocument": json.loads(policies[0])}


def _topic(where: Where, arn: str) -> Any:
    return sns_backends[where.account][where.region].topics.get(arn)


def _create_topic(where: Where, properties: Properties) -> Made:
    backend = sns_backends[where.account][where.region]
    arn = f"arn:aws:sns:{where.region}:{where.account}:{properties['TopicName']}"
    if arn in backend.topics:
        raise ValueError(f"Topic {arn} already exists")
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    topic = backend.create_topic(properties["TopicName"], _topic_attributes(properties), tags)
    for subscription in properties.get("Subscription", []):
        backend.subscribe(topic.arn, subscription["Endpoint"], subscription["Protocol"])
    return Made(topic.arn, {"TopicArn": topic.arn, "TopicName": topic.name})


def _topic_attributes(properties: Properties) -> dict[str, str]:
    names = ("DisplayName", "KmsMasterKeyId")
    return {name: properties[name] for name in names if name in properties}


def _update_topic(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    backend = sns_backends[where.account][where.region]
    topic = backend.get_topic(made.physical_id)
    topic.display_name = properties.get("DisplayName", "")
    topic.kms_master_key_id = properties.get("KmsMasterKeyId", "")
    for subscription in properties.get("Subscription", []):
        backend.subscribe(topic.arn, subscription["Endpoint"], subscription["Protocol"])
    return made


def _delete_topic(where: Where, made: Made, _: Properties) -> None:
    sns_backends[where.account][where.region].delete_topic(made.physical_id)


def _read_topic(where: Where, made: Made, _: Properties) -> Properties | None:
    topic = _topic(where, made.physical_id)
    if topic is None:
        return None
    backend = sns_backends[where.account][where.region]
    return {
        "TopicName": topic.name,
        "DisplayName": topic.display_name,
        "KmsMasterKeyId": topic.kms_master_key_id,
        "Subscription": [
            {"Endpoint": one.endpoint, "Protocol": one.protocol}
            for one in backend.subscriptions.values()
            if one.topic.arn == topic.arn
        ],
    }


def _put_topic_policy(where: Where, properties: Properties) -> Made:
    document = properties["PolicyDocument"]
    for arn in properties["Topics"]:
        topic = sns_backends[where.account][where.region].get_topic(arn)
        topic.policy = document if isinstance(document, str) else json.dumps(document)
    return Made(f"{properties['Topics'][0].split(':')[-1]}-policy")


def _update_topic_policy(where: Where, made: Made, old: Properties, new: Properties) -> Made:
    _delete_topic_policy(where, made, old)
    return _put_topic_policy(where, new)


def _delete_topic_policy(where: Where, _: Made, properties: Properties) -> None:
    for topic in filter(None, (_topic(where, arn) for arn in properties["Topics"])):
        default = topic._create_default_topic_policy(where.region, where.account, topic.name)
        topic.policy = json.dumps(default)


def _read_topic_policy(where: Where, _: Made, properties: Properties) -> Properties | None:
    topics = [topic for arn in properties["Topics"] if (topic := _topic(where, arn)) is not None]
    if not topics:
        return None
    return dict(properties) | {"PolicyDocument": json.loads(topics[0].policy)}


def _create_subscription(where: Where, properties: Properties) -> Made:
    backend = sns_backends[where.account][where.region]
    endpoint, protocol = properties["Endpoint"], properties["Protocol"]
    subscription = backend.subscribe(properties["TopicArn"], endpoint, protocol)
    made = Made(subscription.arn, {"Arn": subscription.arn})
    return _update_subscription(where, made, {}, properties)


def _update_subscription(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    backend = sns_backends[where.account][where.region]
    for name in SUBSCRIPTION_ATTRIBUTES:
        if name in properties:
            backend.set_subscription_attributes(made.physical_id, name, _as_text(properties[name]))
    return made


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _delete_subscription(where: Where, made: Made, _: Properties) -> None:
    sns_backends[where.account][where.region].unsubscribe(made.physical_id)


def _read_subscription(where: Where, made: Made, _: Properties) -> Properties | None:
    backend = sns_backends[where.account][where.region]
    subscription = backend.subscriptions.get(made.physical_id)
    if subscription is None:
        return None
    return {
        **subscription.attributes,
        "TopicArn": subscription.topic.arn,
        "Endpoint": subscription.endpoint,
        "Protocol": subscription.protocol,
    }


TYPES = (
    ResourceType(
        "AWS::SQS::Queue",
        _create_queue,
        _update_queue,
        _delete_queue,
        _read_queue,
        name_property="QueueName",
        name_limit=80,
        create_only=frozenset({"FifoQueue"}),
    ),
    ResourceType(
        "AWS::SQS::QueuePolicy",
        _put_queue_policy,
        _update_queue_policy,
        _delete_queue_policy,
        _read_queue_policy,
    ),
    ResourceType(
        "AWS::SNS::Topic",
        _create_topic,
        _update_topic,
        _delete_topic,
        _read_topic,
        name_property="TopicName",
        create_only=frozenset({"FifoTopic"}),
    ),
    ResourceType(
        "AWS::SNS::TopicPolicy",
        _put_topic_policy,
        _update_topic_policy,
        _delete_topic_policy,
        _read_topic_policy,
    ),
    ResourceType(
        "AWS::SNS::Subscription",
        _create_subscription,
        _update_subscription,
        _delete_subscription,
        _read_subscription,
        create_only=frozenset({"TopicArn", "Endpoint", "Protocol"}),
    ),
)
