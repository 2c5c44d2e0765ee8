"""Tasks of state machines call services as their role, and name errors as AWS does."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    ServiceModel,
    Shape,
    StructureShape,
)
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import (
    lambda_eval_utils,
    service,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk as aws_sdk,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from guardian.localaws.statemachines.clients import TaskClients, boto_name
from guardian.localaws.world import World

UNSUPPORTED = "is not supported by Step Functions"
JAVA_NAMES = {"DynamoDB": "DynamoDb"}  # where the SDK for Java departs from its own rule


def install(world: World) -> None:
    """Give every service integration of moto's interpreter our clients."""
    clients = TaskClients(world)
    world.on_reset(clients.forget)
    modules = [
        importlib.import_module(f"{service.__name__}.{found.name}")
        for found in pkgutil.iter_modules(service.__path__)
    ]
    for module in [lambda_eval_utils, *modules]:
        if hasattr(module, "boto_client_for"):
            module.boto_client_for = clients
    integration = aws_sdk.StateTaskServiceAwsSdk
    integration._get_boto_service_name = _boto_service_name
    integration._eval_service_task = _caller(clients)
    integration._before_eval_execution = _refusing(integration._before_eval_execution)
    integration._normalise_service_error_name = staticmethod(_error_prefix_of)
    integration._from_error = _with_sdk_errors(integration._from_error)


def error_prefix(service_id: str) -> str:
    """How errors of a service begin: its id as the SDK for Java spells it (`EMR`: `Emr`)."""
    words = [
        word.capitalize() if word.isupper() else word[:1].upper() + word[1:]
        for word in service_id.split()
    ]
    return JAVA_NAMES.get(service_id, "".join(words))


@cache
def service_model(sfn_name: str) -> ServiceModel:
    """The API of the service that Step Functions calls `sfn_name`.

    Raises botocore's UnknownServiceError when there is none.
    """
    return botocore.session.Session().get_service_model(boto_name(sfn_name))


def operation_model(sfn_name: str, action: str) -> OperationModel:
    """The operation of a task's resource, whose name begins in lower case.

    Raises botocore's OperationNotFoundError when the service has no such operation.
    """
    return service_model(sfn_name).operation_model(action[:1].upper() + action[1:])


def task_names(shape: StructureShape) -> dict[str, str]:
    """The members of a structure by the names that tasks have for them, in PascalCase."""
    return {name[:1].upper() + name[1:]: name for name in shape.members}


def unsupported_fields(value: Any, shape: Shape | None) -> Iterator[str]:
    """The names in a task's arguments that its API has not; the keys of maps are data.

    Reads definitions too, where a name may end in `.$` and a value may be an expression.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _unsupported_members(value, shape)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for element in value:
            yield from unsupported_fields(element, shape.member)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for member in value.values():
            yield from unsupported_fields(member, shape.value)


def _unsupported_members(arguments: Mapping[str, Any], shape: StructureShape) -> Iterator[str]:
    names = task_names(shape)
    for key, member in arguments.items():
        name = key.removesuffix(".$")
        if name in names:
            yield from unsupported_fields(member, shape.members[names[name]])
        elif not shape.is_document_type:
            yield name


def to_api(value: Any, shape: Shape | None) -> Any:
    """Spell the PascalCase arguments of a task as the API does, whose members may be camelCase."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = task_names(shape)
        return {
            names.get(key, key): to_api(member, shape.members.get(names.get(str(key), "")))
            for key, member in value.items()
        }
    return _inside(value, shape, to_api)


def from_api(value: Any, shape: Shape | None) -> Any:
    """Spell what an API answers in PascalCase, as tasks do."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key[:1].upper() + key[1:]: from_api(member, shape.members.get(key))
            for key, member in value.items()
        }
    return _inside(value, shape, from_api)


def _inside(value: Any, shape: Shape | None, spell: Any) -> Any:
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [spell(member, shape.member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: spell(member, shape.value) for key, member in value.items()}
    return value


def _boto_service_name(task: Any, boto_service_name: str | None = None) -> str:
    return boto_name(boto_service_name or task.resource.api_name)


def _caller(clients: TaskClients) -> Any:
    def evaluate(
        task: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        resource = task.resource
        operation = operation_model(resource.api_name, resource.api_action)
        client = clients(resource_runtime_part.region, resource.api_name, state_credentials)
        method = getattr(client, task._get_boto_service_action())
        answer = method(**to_api(normalised_parameters, operation.input_shape))
        answer.pop("ResponseMetadata", None)
        env.stack.append(from_api(answer, operation.output_shape))

    return evaluate


def _refusing(before: Any) -> Any:
    """Fail a task whose arguments the API has not, before it is scheduled."""

    def before_task(task: Any, env: Any, *rest: Any, **options: Any) -> None:
        resource = task.resource
        arguments = options["raw_parameters"]
        operation = operation_model(resource.api_name, resource.api_action)
        found = list(unsupported_fields(arguments, operation.input_shape))
        if found:
            complaints = ", ".join(f'The field "{name}" {UNSUPPORTED}' for name in found)
            raise _runtime_failure(
                env,
                f"The Parameters '{to_json_str(arguments, separators=(',', ':'))}' "
                f"could not be used to start the Task: [{complaints}]",
            )
        before(task, env, *rest, **options)

    return before_task


def _runtime_failure(env: Any, cause: str) -> FailureEventException:
    runtime = StatesErrorNameType.StatesRuntime
    details = TaskFailedEventDetails(error=runtime.to_name(), cause=cause)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=runtime),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


def _with_sdk_errors(from_moto: Any) -> Any:
    def from_error(task: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, BotoCoreError):
            error = f"{_error_prefix_of(task.resource.api_name)}.SdkClientException"
            return task._get_task_failure_event(env=env, error=error, cause=str(ex))
        return from_moto(task, env, ex)

    return from_error


def _error_prefix_of(sfn_name: str) -> str:
    return error_prefix(service_model(sfn_name).service_id)
