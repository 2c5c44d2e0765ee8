"""What it takes to warn and to be pressed: running things, a journal, and a real client of a local Slack."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from guardian.clock import system_now
from guardian.documents import Json
from guardian.ids import AccountId
from guardian.jobs.press import Floor, press_once
from guardian.jobs.slash import Desk, answer_once
from guardian.jobs.sweep.places import Place
from guardian.jobs.warn import Scene, Told, warn_once
from guardian.journal.sqlite import SqliteJournal
from guardian.kinds.base import KEEP_UNTIL
from guardian.localslack import LocalSlack
from guardian.notice import StopNotice
from guardian.policy.model import Notify
from guardian.policy.resolve import Governance
from guardian.ports import Press
from guardian.prices import load_prices
from guardian.slack.room import SlackRoom
from guardian.slack.socket import SlackSocket
from tests.scenario.conftest import eventually
from tests.unit.cloud import Cloud
from tests.unit.judging import NOW, TARGET, session
from tests.unit.sweeping import place, search

ROOM, ID, OWNER = "#data-costs", "notebook-1", "ana@example.com"
KEEPERS = "S0KEEPERS"
FACTS: Mapping[str, Json] = {"worker_type": "G.1X", "workers": 5}
TEN = timedelta(minutes=10)
DAY = timedelta(days=1)


def governed(here: Place) -> Governance:
    account = here.target.account
    return Governance(
        (here.policy,), {account: here.policy.slug}, {}, {account: (here.target.region,)}
    )


def notice(identifier: str = ID, **changed: Any) -> StopNotice:
    usual = StopNotice(
        kind="glue-session",
        id=identifier,
        target=TARGET,
        policy="sandbox",
        stops=NOW + TEN,
        at=NOW,
        owner=OWNER,
        started=NOW - timedelta(minutes=20),
        due=NOW + TEN,
        facts=FACTS,
        execution="arn:execution",
    )
    return replace(usual, **changed)


@dataclass
class Stage:
    """A Slack, a cloud in which sessions run that began twenty minutes ago, and guardian between the two."""

    slack: LocalSlack
    journal: SqliteJournal
    cloud: Cloud = field(default_factory=Cloud)
    place: Place = field(default_factory=place)
    keepers: str = KEEPERS
    paused: bool = False
    now: datetime = NOW

    @property
    def room(self) -> SlackRoom:
        return SlackRoom("xoxb-good", self.slack.endpoint, timeout=5)

    @property
    def scene(self) -> Scene:
        names = {AccountId(TARGET.account): "ana's <sandbox>"}
        return Scene(governed(self.place), names, load_prices(), Notify(channel=ROOM))

    @property
    def floor(self) -> Floor:
        return Floor(
            members=self.cloud,
            journal=self.journal,
            room=self.room,
            scene=self.scene,
            keepers=self.keepers,
            search=lambda: search(observe=self.paused),
            clock=lambda: self.now,
            wall=system_now,
        )

    @property
    def desk(self) -> Desk:
        return Desk(self.floor, lambda: "", lambda name: (f"{name} is explained",))

    def run(self, identifier: str = ID, **seen: Any) -> None:
        """Let a session run."""
        usual = {"began": self.now - timedelta(minutes=20), "tags": {"owner": OWNER}}
        self.cloud.running[TARGET, identifier] = session(**{**usual, **seen})

    def warn(self, *notices: StopNotice) -> Told:
        self.journal.foresee(notices)
        return warn_once(self.room, self.journal, self.scene, self.now, system_now)

    def user(self, name: str) -> str:
        return self.room.user_of(f"{name}@example.com")

    def said(self, channel: str = ROOM) -> list[Mapping[str, Any]]:
        """The messages of a channel that everybody in it sees."""
        name = channel.removeprefix("#")
        found = [m for m in self.slack.messages() if m["channel_name"] == name]
        return [m for m in found if "only_for" not in m]

    def whispered(self, name: str = "ana") -> list[str]:
        user = self.user(name)
        return [m["text"] for m in self.slack.messages() if m.get("only_for") == user]

    def press(self, action: str, name: str = "ana", warning: str = "") -> Press:
        channel = str(next(iter(self.slack.workspace.channels)))
        return Press(action, warning or notice().identity, self.user(name), name, channel)

    def on_page(self, action: str, name: str = "ana", number: int = 0) -> str:
        """Press a button of the page."""
        message = self.said()[number]
        fields = {"channel": message["channel"], "ts": message["ts"], "action": action, "as": name}
        return self._post("press", fields)

    def type_on_page(self, text: str, name: str = "ana") -> str:
        channel = next(iter(self.slack.workspace.channels))
        return self._post("command", {"channel": channel, "text": text, "as": name})

    def disturb(self, **how: Any) -> None:
        url = f"{self.slack.page}localslack/socket"
        urllib.request.urlopen(url, json.dumps(how).encode(), timeout=15).close()  # noqa: S310 - loopback

    def _post(self, path: str, fields: Mapping[str, str]) -> str:
        data = urllib.parse.urlencode(fields).encode()
        url = f"{self.slack.page}localslack/{path}"
        with urllib.request.urlopen(url, data, timeout=15) as answer:  # noqa: S310 - loopback
            return str(answer.url)

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """With the socket open; what came of each press and command is in the list."""
        results: list[str] = []
        socket = SlackSocket(
            "xapp-good",
            lambda press: results.append(press_once(self.floor, press)),
            lambda asked: results.append("\n".join(answer_once(self.desk, asked))),
            self.slack.endpoint,
        )
        stopping = Event()
        listener = Thread(target=socket.run, args=(stopping, 0.2, 0.2))
        listener.start()
        try:
            eventually(lambda: self.slack.sockets.connections)
            yield results
        finally:
            stopping.set()
            listener.join(15)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """One session, and a Slack of its own."""
    slack = LocalSlack()
    slack.start()
    journal = SqliteJournal(tmp_path / "journal.sqlite", lambda: NOW)
    made = Stage(slack, journal)
    made.run()
    yield made
    journal.close()
    slack.stop()


def tag(stage: Stage) -> str | None:
    """Until when the session is kept alive by its tag."""
    found: str | None = stage.cloud.running[TARGET, ID]["tags"]["Tags"].get(KEEP_UNTIL)
    return found
