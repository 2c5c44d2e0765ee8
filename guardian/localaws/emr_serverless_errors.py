"""The errors that EMR Serverless declares."""

from moto.core.exceptions import ServiceException


class ResourceNotFound(ServiceException):
    code = "ResourceNotFoundException"


class Validation(ServiceException):
    code = "ValidationException"


class Conflict(ServiceException):
    code = "ConflictException"


class QuotaExceeded(ServiceException):
    code = "ServiceQuotaExceededException"


class AccessDenied(ServiceException):
    code = "AccessDeniedException"
