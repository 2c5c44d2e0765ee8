"""Log events on stderr; standard output belongs to the commands.

JSON, one object a line, where nobody watches, and lines for people in a terminal. What libraries log goes the same way.
"""

import logging
import sys
from enum import StrEnum

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from guardian.redaction import redacted

TOO_MUCH = ("botocore", "boto3", "urllib3", "slack_sdk")
"""These log whole requests with their credentials at their lowest level: that is never written."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        return int(getattr(logging, self.name))


def configure_logs(level: LogLevel = LogLevel.INFO) -> None:
    """Log from this level on, with time and level, and with what is bound to the job that runs. No secret is logged."""
    structlog.configure(
        processors=[*_shared(), *_rendering()],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        # Looked up for every event: what stderr is may change while a command runs.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    _take_over_libraries(level)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering() -> list[Processor]:
    return [structlog.processors.format_exc_info, _redact, _render]


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return redacted(event)


def _render(logger: WrappedLogger, name: str, event: EventDict) -> str:
    if not sys.stderr.isatty():
        return str(structlog.processors.JSONRenderer()(logger, name, event))
    render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return render(logger, name, {key: _printable(value) for key, value in event.items()})


def _printable(value: object) -> object:
    """Nothing that others wrote moves the cursor, or turns the direction of a line."""
    if not isinstance(value, str):
        return value
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value
    )


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def _take_over_libraries(level: LogLevel) -> None:
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering()],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(h for h in root.handlers if not isinstance(h, _Stderr)), handler]
    root.setLevel(max(level.number, logging.WARNING))
    for name in TOO_MUCH:
        logging.getLogger(name).setLevel(logging.WARNING)
    # What Slack refuses, and that it cannot be reached, guardian tells itself.
    logging.getLogger("slack_sdk").setLevel(logging.CRITICAL)
    # It warns of every run that is left out because the last one is still at work.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
