"""The errors StackSets answers, under AWS's codes."""

from moto.cloudformation.exceptions import CloudFormationError


class ValidationError(CloudFormationError):
    code = "ValidationError"


class InvalidOperation(CloudFormationError):
    code = "InvalidOperationException"


class NameAlreadyExists(CloudFormationError):
    code = "NameAlreadyExistsException"


class StackSetNotFound(CloudFormationError):
    code = "StackSetNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__(f"StackSet {name} not found")


class StackSetNotEmpty(CloudFormationError):
    code = "StackSetNotEmptyException"

    def __init__(self) -> None:
        super().__init__("StackSet is not empty")


class StackInstanceNotFound(CloudFormationError):
    code = "StackInstanceNotFoundException"


class OperationNotFound(CloudFormationError):
    code = "OperationNotFoundException"

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"Operation {operation_id} not found")


class OperationInProgress(CloudFormationError):
    code = "OperationInProgressException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another Operation on StackSet {name} is in progress")


class OperationIdAlreadyExists(CloudFormationError):
    code = "OperationIdAlreadyExistsException"

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"Operation {operation_id} already exists")
