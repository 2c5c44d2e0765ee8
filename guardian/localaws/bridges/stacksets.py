"""StackSets: moto's are replaced by asynchronous ones that behave as AWS's do."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from guardian.localaws.stacksets import access, automatic, instances, reports, sets
from guardian.localaws.stacksets.registry import Call
from guardian.localaws.stacksets.service import Action, Service
from guardian.localaws.world import World


def install(world: World) -> None:
    """Answer every StackSets action, and follow the accounts of organizations."""
    service = Service(world)
    world.on_reset(service.reset)
    for action in (*sets.ACTIONS, *instances.ACTIONS, *reports.ACTIONS, *access.ACTIONS):
        setattr(CloudFormationResponse, action.__name__, _handler(service, action))
    for shape in ("Parameters", "Tags"):
        CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop(
            f"DescribeStackSetOutput.StackSet.{shape}", None
        )
    automatic.install(service)
    world.listen("/localaws/stacksets/faults", lambda body: _set_fault(service, body))


def _handler(service: Service, action: Action) -> Any:
    def handle(response: Any) -> Any:
        call = Call(response.current_account, response.region, response._get_params())
        return ActionResult(action(service, call))

    return handle


def _set_fault(service: Service, body: Any) -> Mapping[str, str]:
    """`{"account", "reason"}`: every stack there fails with that reason; without one, no more."""
    if not isinstance(body, dict) or not isinstance(body.get("account"), str):
        raise ValueError("an account is needed")  # noqa: TRY004 - mount answers 400 to ValueError
    service.faults.pop(body["account"], None)
    if reason := body.get("reason"):
        service.faults[body["account"]] = str(reason)
    return service.faults
