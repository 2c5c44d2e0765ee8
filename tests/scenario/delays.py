"""Lets calls to local AWS take long, and tells when they are being made."""

import json
import urllib.request

from guardian.demo.servers import LocalAwsProcess
from tests.scenario.conftest import Installation


def slow_down(
    installation: Installation, service: str, operation: str, seconds: float = 3, times: int = 1
) -> None:
    """Let the next such calls take so many real seconds."""
    fault = {"service": service, "operation": operation, "delay_seconds": seconds, "times": times}
    installation.cast.aws.post("/localaws/faults", fault)


def slowed_down(installation: Installation) -> bool:
    """Whether a call that was slowed down last is being made."""
    return struck(installation.cast.aws)


def struck(aws: LocalAwsProcess) -> bool:
    """Whether what was asked for last to go wrong has begun to."""
    url = f"{aws.endpoint}/localaws/faults"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return bool(json.load(answer)[-1]["fired"])


def at_full_speed(installation: Installation) -> None:
    """Let no more calls take long."""
    url = f"{installation.cast.aws.endpoint}/localaws/faults"
    urllib.request.urlopen(  # noqa: S310 - loopback
        urllib.request.Request(url, method="DELETE"),  # noqa: S310 - loopback
        timeout=10,
    ).close()
