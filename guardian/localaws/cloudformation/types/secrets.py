"""AWS::SecretsManager: secrets with a value of their own."""

from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where

KNOWN = frozenset({"Name", "Description", "SecretString", "KmsKeyId", "Tags"})


def _secrets(where: Where) -> Any:
    return secretsmanager_backends[where.account][where.region]


def _create(where: Where, properties: Properties) -> Made:
    backend, name = _secrets(where), properties["Name"]
    backend.create_secret(
        name=name,
        secret_string=properties.get("SecretString"),
        secret_binary=None,
        description=properties.get("Description"),
        tags=properties.get("Tags", []),
        kms_key_id=properties.get("KmsKeyId"),
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    arn = backend.secrets[name].arn
    return Made(arn, {"Id": arn})


def _update(where: Where, made: Made, old: Properties, properties: Properties) -> Made:
    """The value that somebody put stays until the template states another one."""
    text = properties.get("SecretString")
    _secrets(where).update_secret(
        secret_id=made.physical_id,
        secret_string=text if text != old.get("SecretString") else None,
        description=properties.get("Description"),
        kms_key_id=properties.get("KmsKeyId"),
    )
    return made


def _delete(where: Where, made: Made, properties: Properties) -> None:
    if properties["Name"] in _secrets(where).secrets:
        _secrets(where).delete_secret(made.physical_id, None, force_delete_without_recovery=True)


TYPES = (
    ResourceType(
        "AWS::SecretsManager::Secret",
        _create,
        _update,
        _delete,
        name_property="Name",
        known=KNOWN,
    ),
)
