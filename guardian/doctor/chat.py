"""What is checked about Slack: the bot's token and scopes, the channels, the app's own token."""

from collections.abc import Iterator, Mapping
from functools import partial

from guardian.doctor import Check, Finding, Status, failed, ok, warning
from guardian.doctor.accounts import GOVERNED
from guardian.doctor.here import SETTINGS
from guardian.doctor.patient import Patient
from guardian.errors import AccessDenied, Refused
from guardian.ports import ChannelState

SLACK, SCOPES, CHANNELS, SOCKET = "slack", "slack scopes", "slack channels", "slack socket"
APPS = "https://api.slack.com/apps"
WRITE, ANYWHERE = "chat:write", "chat:write.public"
DIGESTS: Mapping[str, str] = {
    "files:write": "digests have no chart and no spreadsheet",
    "users:read": "owners are named, not mentioned",
    "users:read.email": "owners are named, not mentioned, and warned in the channel only",
    "channels:read": "a digest cannot be found again after a crash",
    "channels:history": "a digest cannot be found again after a crash",
    "groups:read": "in private channels a digest cannot be found again after a crash",
    "groups:history": "in private channels a digest cannot be found again after a crash",
}
"""What is missing without a scope."""
WARNINGS: Mapping[str, str] = {
    "im:write": "owners are warned in the channel only",
    "commands": "/guardian is not there",
}
KEEPERS: Mapping[str, str] = {"usergroups:read": "slack.keepers may press nothing for others"}


def checks(patient: Patient) -> tuple[Check, ...]:
    token = f"set SLACK_BOT_TOKEN to the bot token of your app: {APPS}, OAuth & Permissions"
    return (
        Check(SLACK, partial(_bot, patient), (SETTINGS,), fix=token),
        Check(SCOPES, partial(_scopes, patient), (SLACK,)),
        Check(CHANNELS, partial(_channels, patient), (SLACK, GOVERNED)),
        Check(
            SOCKET,
            partial(_socket, patient),
            (SETTINGS,),
            fix=f"set SLACK_APP_TOKEN to the app-level token (xapp-…) with connections:write: {APPS},"
            " Basic Information; and switch Socket Mode on",
        ),
    )


def _bot(patient: Patient) -> Iterator[Finding]:
    if not patient.settings.slack.token:
        yield warning(
            "SLACK_BOT_TOKEN is not set: nothing is told in Slack",
            f"make an app with a bot token at {APPS} and set it; docs/reference/digest.md names its scopes",
            ends=True,
        )
        return
    yield ok(f"the token is that of {patient.bot.name} in {patient.bot.team}")


def _scopes(patient: Patient) -> Iterator[Finding]:
    has = patient.bot.scopes
    if has is None:
        yield Finding(Status.NOT_CHECKED, "Slack does not tell what the token may do")
        return
    lacking = {scope: what for scope, what in _wanted(patient).items() if scope not in has}
    for scope, what in lacking.items():
        fix = f"add it under OAuth & Permissions at {APPS}, and install the app again"
        yield (failed if scope == WRITE else warning)(f"{scope} is missing: {what}", fix)
    if not lacking:
        yield ok(f"all {len(_wanted(patient)):,} that guardian uses")


def _wanted(patient: Patient) -> Mapping[str, str]:
    slack = patient.settings.slack
    talks = WARNINGS if slack.app_token else {}
    keeps = KEEPERS if slack.keepers else {}
    return {WRITE: "nothing can be posted", **DIGESTS, **talks, **keeps}


def _channels(patient: Patient) -> Iterator[Finding]:
    if not patient.channels:
        yield warning(
            "neither the settings nor a policy name a channel: no digest is posted",
            'slack: {channel: "#cloud-costs"}',
        )
    for name in patient.channels:
        yield _channel(patient, name)


def _channel(patient: Patient, name: str) -> Finding:
    try:
        state = patient.guardian.slack_app.channel(name)
    except AccessDenied as error:
        said = f"{name} cannot be checked: {error}"
        return warning(said, f"add channels:read and groups:read at {APPS}, and install again")
    except Refused as error:
        return failed(f"{name}: {error}", "name another channel")
    return _judged(name, state, patient)


def _judged(name: str, state: ChannelState | None, patient: Patient) -> Finding:
    invite = f"/invite @{patient.bot.name} in {name}"
    if state is None:
        said = f"there is no channel {name}, or it is private and the bot is not in it"
        return failed(said, f"{invite}, or name another one")
    if state.is_archived:
        return failed(f"{name} is archived", "unarchive it, or name another one in the policy")
    if state.is_member:
        return ok(f"the bot is in {name}")
    if ANYWHERE in (patient.bot.scopes or ()) and not state.is_private:
        said = (
            f"the bot is not in {name}: it can post there, and finds nothing again after a crash"
        )
        return warning(said, invite)
    return failed(f"the bot is not in {name}: Slack takes nothing there", invite)


def _socket(patient: Patient) -> Iterator[Finding]:
    if patient.settings.slack.app_token:
        patient.guardian.slack_app.connect()
        yield ok("SLACK_APP_TOKEN opens one: buttons and commands work")
        return
    yield ok("SLACK_APP_TOKEN is not set: there are no buttons and no /guardian")
