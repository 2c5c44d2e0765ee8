"""The files of a configuration directory: a first policy, and the settings that go with a hub."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from guardian.errors import InputError
from guardian.ids import AccountId, Region

FIRST = "first.yaml"


def first_policy(ou: str, region: Region) -> str:
    """A policy that stops nothing."""
    return f"""\
# Written by guardian bootstrap. It only watches: the digest says what would have been stopped.
ou: {json.dumps(ou, ensure_ascii=False)}
mode: observe
regions: [{region}]
"""


def settings(region: Region, account: AccountId, outputs: Mapping[str, str], **more: str) -> str:
    """A guardian.yaml by which commands use the hub that the outputs are of; `more` are `call_as` and `channel`."""
    channel = more.get("channel", "")
    slack = f"slack:\n  channel: {json.dumps(channel, ensure_ascii=False)}\n" if channel else ""
    wanted = wanted_settings(region, account, outputs, more["call_as"])
    return f"""\
# Written by guardian bootstrap, for commands on this machine; the daemon has the same from its task definition.
home_region: {wanted["home_region"]}
hub:
  account: "{wanted["hub.account"]}"
  queue_url: {wanted["hub.queue_url"]}
call_as: {wanted["call_as"]}
journal: {wanted["journal"]}
templates: {wanted["templates"]}
# Commands read the policies beside this file. The daemon reads those that guardian bootstrap uploads:
# {outputs["PoliciesPlace"]}
{slack}"""


def wanted_settings(
    region: Region, account: AccountId, outputs: Mapping[str, str], call_as: str
) -> Mapping[str, str]:
    """By their dotted names, as `guardian settings` shows them."""
    return {
        "home_region": region,
        "hub.account": account,
        "hub.queue_url": outputs["QueueUrl"],
        "call_as": call_as,
        "journal": outputs["Journal"],
        "templates": outputs["TemplatesPlace"],
    }


def differing(shown: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """The settings that hold and are not those of the hub."""
    for name, value in wanted.items():
        if shown.get(name) != value:
            yield f"{name} is {shown.get(name) or 'not set'}, the hub's is {value}"


def write_new(path: Path, text: str) -> bool:
    """Write a file that is not there yet; answer whether it was written. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    return True
