"""What the environment alone can say: the clock of a local AWS, and another Slack."""

import ipaddress
import math
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from guardian.clock import Clock, ScaledClock, system_now
from guardian.errors import InputError
from guardian.policy.nodes import Problems
from guardian.secret_names import is_secret, parse_secret

CLOCK = "GUARDIAN_CLOCK"
SLACK_API = "https://slack.com/api/"
FASTEST = 1e-5
"""The smallest clock scale: a faster day would leave the calendar."""
VARIABLES: Mapping[str, str] = {
    "slack.token": "SLACK_BOT_TOKEN",
    "slack.app_token": "SLACK_APP_TOKEN",
    "slack.api": "SLACK_API_URL",
    "clock": CLOCK,
}
"""By the name that a setting is shown under."""


def slack_token(environment: Mapping[str, str], setting: str, problems: Problems) -> str:
    """A token, or the name of the secret that it is in; empty where there is none."""
    variable = VARIABLES[setting]
    written = environment.get(variable, "").strip()
    if is_secret(written):
        try:
            parse_secret(written)
        except InputError as error:
            problems.add(variable, str(error))
    return written


def slack_api(environment: Mapping[str, str], problems: Problems) -> str:
    """Where Slack is, with a slash at the end."""
    api = environment.get("SLACK_API_URL") or SLACK_API
    if not api.startswith("https://") and not _loopback(api):
        problems.add("SLACK_API_URL", "must begin with https:// unless it is on this machine")
    return api.rstrip("/") + "/"


def clock(environment: Mapping[str, str], problems: Problems) -> Clock:
    """The system's clock; a local AWS may have its own, and guardian then goes by that."""
    written = environment.get(CLOCK)
    if not written:
        return system_now
    if not _local_aws(environment):
        problems.add(CLOCK, "only for a local AWS: AWS_ENDPOINT_URL must be on this machine")
    number = r"[0-9]{1,11}(?:\.[0-9]+)?"
    found = re.fullmatch(f"({number}):({number}(?:e-[0-9]{{1,2}})?)", written)
    scale = float(found[2]) if found else math.nan
    if not found or not FASTEST <= scale <= 1:
        problems.add(CLOCK, f"{written!r} is not origin:scale with a scale from {FASTEST:g} to 1")
        return system_now
    return ScaledClock(float(found[1]), scale)


def _local_aws(environment: Mapping[str, str]) -> bool:
    """Whether every AWS call stays on this machine."""
    prefix = "AWS_ENDPOINT_URL"
    ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    endpoints = [url for name, url in environment.items() if name.startswith(prefix) and url]
    return bool(environment.get(prefix)) and not ignored and all(map(_loopback, endpoints))


def _loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False
