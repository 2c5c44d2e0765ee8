"""What AWS refuses, with its own codes."""


class Failure(Exception):
    """An error as AWS answers it: a code, a message, an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> Failure:
    """What most services say of a request that makes no sense."""
    return Failure("ValidationException", message)
