"""The chapter in which somebody is warned, presses a button in Slack, and keeps what would have been stopped."""

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any, TypeVar

from guardian.clock import system_now
from guardian.demo.story import Story
from guardian.errors import GuardianError
from guardian.jobs.collect import collect_once
from guardian.jobs.press import Floor, press_once
from guardian.jobs.warn import Scene, warn_once
from guardian.localslack import LocalSlack
from guardian.ports import Press
from guardian.slack.room import SlackRoom
from guardian.slack.socket import SlackSocket

SESSION, WHO = "quarterly-forecast", "ravi"
POLICY = "data-science.yaml"
BEFORE, AFTER = "glue-session: {grace: 30m}", "glue-session: {grace: 2h}"
NOTIFY = "notify:\n"
PATIENCE = 30.0  # real seconds
PING = 1.0
T = TypeVar("T")


def warn(story: Story, slack: LocalSlack) -> None:
    """Change a policy so that it warns, let somebody work under it, and press Keep on local Slack's page."""
    stage = story.stage
    stage.chapter("A warning, and one press")
    stage.say("data science gives its sessions two hours, and wants to be warned well before")
    file = story.guardian.configuration.directory / "policies" / POLICY
    text = file.read_text("utf-8").replace(BEFORE, AFTER)
    file.write_text(text.replace(NOTIFY, f"{NOTIFY}  warn_before: 110m\n", 1), encoding="utf-8")
    story.roll_out_again()
    story.cast.person(f"{WHO}@example.com", "research-fraud").open_glue_session(SESSION)
    stage.say(f"{WHO} opens a session, and reads in Slack what will become of it")
    with _listening(story):
        warning = _until(lambda: _warned(story, slack))
        stage.check(warning is not None, f"Slack says: {(warning or {}).get('text', 'nothing')}")
        if warning:
            _press(slack, warning)
            said = _until(lambda: _answered(slack))
            stage.check(said is not None, f"one press of Keep 4 h later: {said or 'nothing'}")


def _warned(story: Story, slack: LocalSlack) -> Mapping[str, Any] | None:
    """The warning in the channel, once it is there."""
    guardian = story.guardian
    collect_once(guardian.aws.inbox, guardian.journal, timedelta())
    warn_once(_room(story), guardian.journal, _scene(story), guardian.now(), system_now)
    return _message(slack)


def _message(slack: LocalSlack) -> Mapping[str, Any] | None:
    found = (m for m in slack.messages() if SESSION in m["text"] and m["channel"].startswith("C"))
    return next(found, None)


def _answered(slack: LocalSlack) -> str | None:
    message = _message(slack)
    if message is None or "edited" not in message:
        return None
    return str(message["text"]).rpartition(": ")[2]


def _press(slack: LocalSlack, message: Mapping[str, Any]) -> None:
    """What a browser posts when somebody presses the button."""
    fields = {"channel": message["channel"], "ts": message["ts"], "action": "keep-4h", "as": WHO}
    data = urllib.parse.urlencode(fields).encode()
    urllib.request.urlopen(f"{slack.page}localslack/press", data, timeout=PATIENCE).close()  # noqa: S310 - loopback


@contextmanager
def _listening(story: Story) -> Iterator[None]:
    """With guardian's socket to Slack open."""
    slack, stopping = story.guardian.settings.slack, Event()

    def pressed(press: Press) -> None:
        try:
            press_once(_floor(story), press)
        except GuardianError as error:
            story.stage.say(f"the press came to nothing: {error}")

    socket = SlackSocket(slack.app_token, pressed, lambda _: None, slack.api)
    listener = Thread(target=socket.run, args=(stopping, PING, PING), daemon=True)
    listener.start()
    try:
        yield
    finally:
        stopping.set()
        listener.join(PATIENCE)


def _floor(story: Story) -> Floor:
    guardian = story.guardian
    return Floor(
        members=guardian.aws.members,
        journal=guardian.journal,
        room=_room(story),
        scene=_scene(story),
        keepers=guardian.settings.slack.keepers,
        search=guardian.search,
        clock=guardian.now,
        wall=system_now,
    )


def _scene(story: Story) -> Scene:
    guardian, world = story.guardian, story.guardian.world()
    return Scene(world.governance, world.names, guardian.prices, guardian.settings.notify)


def _room(story: Story) -> SlackRoom:
    slack = story.guardian.settings.slack
    return SlackRoom(slack.token, slack.api)


def _until(ask: Callable[[], T | None]) -> T | None:
    """Ask until there is an answer; None where there is none in time."""
    deadline = monotonic() + PATIENCE
    while (answer := ask()) is None and monotonic() < deadline:
        Event().wait(0.1)
    return answer
