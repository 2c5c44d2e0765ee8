"""State machines that execute, however they were made, in local time and with AWS's names."""

import json
import os
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from moto.core.config import default_user_config
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions import models
from moto.stepfunctions.parser import api, utils
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from guardian.localaws.clock import iso
from guardian.localaws.statemachines import parsing, resource, tasks, timing
from guardian.localaws.statemachines.backend import ExecutingBackend, outcome_writer
from guardian.localaws.statemachines.definition import INVALID, Problem, problems
from guardian.localaws.world import World


def install(world: World) -> None:
    """Make moto's executing backend the only one, and mend what it answers."""
    os.environ["MOTO_PORT"] = str(world.port)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    stepfunctions_parser_backends.backend = ExecutingBackend
    models.stepfunctions_backends = stepfunctions_parser_backends
    timing.install(world)
    tasks.install(world)
    resource.install()
    parsing.install()
    _name_errors()
    _show_variables_as_json()
    _tell_what_becomes_of_executions(world)
    world.on_reset(_stop_executions)


def _name_errors() -> None:
    """Moto's interpreter keeps an error's name where its server does not look."""
    errors: list[Any] = [
        found
        for found in vars(api).values()
        if isinstance(found, type) and issubclass(found, AWSError) and found is not AWSError
    ]
    for error in errors:
        error.TYPE = error.code


def _show_variables_as_json() -> None:
    """Moto's histories have texts with quotes and backslashes as they are, which nobody can read back."""

    def assigned(store: Any) -> dict[str, str]:
        names = store._declaration_tracing
        return {name: to_json_str(store.get(name), separators=(",", ":")) for name in names}

    VariableStore.get_assigned_variables = assigned


def _tell_what_becomes_of_executions(world: World) -> None:
    outcome = outcome_writer(world.bus)
    details = Execution.get_start_execution_details

    def start_details(self: Any) -> Any:
        started = details(self)
        started.start_time = iso(started.start_time)  # a context object is JSON: text, no date
        return started

    def communication(self: Any) -> Any:
        return outcome(self)

    Execution._get_start_execution_worker_comm = communication
    Execution.get_start_execution_details = start_details
    StepFunctionResponse.describe_execution = _with_stop_date(
        StepFunctionResponse.describe_execution
    )
    StepFunctionResponse.stop_execution = _stop_execution
    StepFunctionResponse.get_execution_history = _history
    StepFunctionResponse.validate_state_machine_definition = _validate


def _with_stop_date(describe: Any) -> Any:
    def describe_execution(self: Any) -> Any:
        answer = describe(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.stop_date:  # moto leaves it out when the execution timed out
            answer.result["stopDate"] = execution.stop_date
        return answer

    return describe_execution


def _history(response: Any) -> str:
    """The events as they are: moto would look for each of the forty kinds of details by six other names."""
    arn = response._get_param("executionArn")
    history = response.stepfunction_backend.get_execution_history(arn)
    for event in history["events"]:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"]).timestamp()
    return json.dumps(history)


def _validate(response: Any) -> ActionResult:
    definition = response._get_param("definition")
    try:
        ExecutingBackend._validate_definition(definition)
        found = problems(json.loads(definition))
    except api.InvalidDefinition as error:
        found = [Problem(INVALID, error.message, "/")]
    diagnostics = [{"severity": "ERROR", **asdict(problem)} for problem in found]
    result = "FAIL" if found else "OK"
    return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": False})


def _stop_execution(response: Any) -> ActionResult:
    execution = response.stepfunction_backend.describe_execution(
        response._get_param("executionArn")
    )
    now = execution.start_date.now()
    _stop(execution, now, response._get_param("error"), response._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or now})


def _stop(execution: Any, now: Any, error: str | None, cause: str | None) -> None:
    while execution.exec_worker.env is None:  # its thread has only just been started
        time.sleep(0.001)
    execution.stop(stop_date=now, error=error, cause=cause)


def _stop_executions() -> None:
    for _, _, backend in list(stepfunctions_parser_backends.iter_backends()):
        for execution in backend._get_executions():
            _stop(execution, None, None, None)
    utils.TMP_THREADS.clear()
