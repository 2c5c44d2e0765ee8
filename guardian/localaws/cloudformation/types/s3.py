"""AWS::S3: the policies of buckets."""

import json
from typing import Any

from moto.s3.models import s3_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where


def _buckets(where: Where) -> Any:
    return s3_backends[where.account]["aws"].buckets


def _put(where: Where, properties: Properties) -> Made:
    bucket = properties["Bucket"]
    if bucket not in _buckets(where):
        raise ValueError(f"The specified bucket {bucket} does not exist")
    document = properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    _buckets(where)[bucket].policy = text.encode()
    return Made(bucket)


def _update(where: Where, _: Made, __: Properties, properties: Properties) -> Made:
    return _put(where, properties)


def _delete(where: Where, made: Made, _: Properties) -> None:
    if made.physical_id in _buckets(where):
        _buckets(where)[made.physical_id].policy = None


def _read(where: Where, made: Made, properties: Properties) -> Properties | None:
    bucket = _buckets(where).get(made.physical_id)
    if bucket is None or not bucket.policy:
        return None
    return dict(properties) | {"PolicyDocument": json.loads(bucket.policy)}


TYPES = (
    ResourceType(
        "AWS::S3::BucketPolicy",
        _put,
        _update,
        _delete,
        _read,
        create_only=frozenset({"Bucket"}),
        known=frozenset({"Bucket", "PolicyDocument"}),
    ),
)
