"""CloudFormation: stacks whose resources are really there, and that roll back as AWS's do."""

from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse

from guardian.localaws.cloudformation import backend, definitions
from guardian.localaws.cloudformation.handlers import HANDLERS
from guardian.localaws.world import World


def install(_world: World) -> None:
    """Replace moto's stacks; what only lists them stays moto's."""
    for method in (backend.create_stack, backend.update_stack, backend.delete_stack):
        setattr(CloudFormationBackend, method.__name__, method)
    for handler in HANDLERS:
        setattr(CloudFormationResponse, handler.__name__, handler)
    for shape in ("Changes", "Parameters"):
        CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop(
            f"DescribeChangeSetOutput.{shape}", None
        )
    definitions.install()
