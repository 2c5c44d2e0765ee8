"""Log events as JSON lines on stderr; standard output belongs to the commands."""

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """One JSON object a line, with time and level."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up for every event: what stderr is may change while a command runs.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    # It warns, in plain text, of every run that is left out because the last one is still at work.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
