"""Moto's executing backend, with the rules it leaves out."""

import json
import uuid
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    InvalidDefinition,
    StateMachineAlreadyExists,
)
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend import execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from guardian.localaws.bus import BusAddress, EventBus
from guardian.localaws.statemachines.definition import problems

STATUSES = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}


class AccessDenied(ServiceException):
    code = "AccessDeniedException"


class ExecutingBackend(StepFunctionsParserBackend):
    """The state machines of one account and region."""

    def create_state_machine(
        self,
        name: str,
        definition: str,
        roleArn: str,  # noqa: N803 - moto's name
        **options: Any,
    ) -> Any:
        """Create a state machine, or answer the one that is just the same.

        Raises InvalidDefinition, AccessDenied for a role that Step Functions may not assume, and
        StateMachineAlreadyExists when the one of that name differs.
        """
        self._check(definition, roleArn)
        existing = self._revision_by_name(name)
        if existing and (existing.definition, existing.roleArn) != (definition, roleArn):
            raise StateMachineAlreadyExists(f"State Machine Already Exists: '{existing.arn}'")
        return super().create_state_machine(name, definition, roleArn, **options)

    def update_state_machine(
        self,
        arn: str,
        definition: str | None = None,
        role_arn: str | None = None,
        **options: Any,
    ) -> Any:
        """Executions that run keep the definition they started with. Raises as create does."""
        self._check(definition, role_arn)
        return super().update_state_machine(arn, definition, role_arn, **options)

    def start_execution(
        self,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Any:
        """Start an execution; without a name it gets one of its own."""
        if name:
            self._validate_name(name)
        # Moto keeps every thread it ever started.
        utils.TMP_THREADS[:] = [thread for thread in utils.TMP_THREADS if thread.is_alive()]
        return super().start_execution(
            state_machine_arn, name or str(uuid.uuid4()), execution_input or "{}", trace_header
        )

    def _check(self, definition: str | None, role_arn: str | None) -> None:
        if definition is not None:
            self._validate_definition(definition)
            if found := problems(json.loads(definition)):
                raise InvalidDefinition(f"Invalid State Machine Definition: '{found[0]}'")
        if role_arn is not None and not _step_functions_may_assume(role_arn):
            raise AccessDenied(
                "Neither the global service principal states.amazonaws.com, nor the regional "
                f"one is authorized to assume the provided role: {role_arn}."
            )


def _step_functions_may_assume(role_arn: str) -> bool:
    """A role that IAM does not have passes: tests of other things need not make one."""
    try:
        role = iam_backends[role_arn.split(":")[4]]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
        return True
    return "states." in str(role.assume_role_policy_document)


def outcome_writer(bus: EventBus) -> type:
    """The class that writes down how an execution ended, and says so on the event bus."""

    class ExecutionOutcome(execution.BaseExecutionWorkerCommunication):
        def _reflect_execution_status(self) -> None:
            ended = self.execution
            env = ended.exec_worker.env
            state = env.program_state()
            ended.stop_date = execution.datetime.datetime.now()
            if isinstance(state, ProgramEnded):
                ended.output = to_json_str(env.states.get_input(), separators=(",", ":"))
            elif isinstance(state, ProgramError):
                ended.error, ended.cause = state.error.get("error"), state.error.get("cause")
            elif isinstance(state, ProgramStopped):
                ended.error, ended.cause = state.error or None, state.cause or None
            # Last, since whoever polls goes by it and then reads the rest.
            ended.exec_status = STATUSES[type(state)]
            announce(bus, ended)

    return ExecutionOutcome


def announce(bus: EventBus, moved: Any) -> None:
    """Emit the event that AWS emits whenever the status of an execution changes."""
    detail = {
        "executionArn": moved.execution_arn,
        "stateMachineArn": moved.state_machine_arn,
        "name": moved.name,
        "status": moved.status,
        "startDate": int(moved.start_date.timestamp() * 1000),
        "stopDate": moved.stop_date and int(moved.stop_date.timestamp() * 1000),
        "input": moved.execution_input,
        "output": moved.output,
        "error": moved.error,
        "cause": moved.cause,
    }
    bus.emit(
        BusAddress(moved.account_id, moved.region_name),
        "aws.states",
        "Step Functions Execution Status Change",
        detail,
        [moved.execution_arn],
    )
