"""A warning before a stop, all the way: from a machine in an account to the journal, and what people make of it."""

import signal
import urllib.parse
import urllib.request
from typing import Any

import pytest

from guardian.demo.cast import HOME, SANDBOX
from guardian.notice import StopNotice
from guardian.outcome import Outcome, Result
from tests.scenario.conftest import Installation, eventually, session_status

WHO = "ana"
POLICY = f"""\
ou: {SANDBOX}
mode: stop
regions: [{HOME}]
kinds:
  glue-session: {{grace: 2h}}
notify: {{warn_before: 2h, max_keep: 8h}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def warned(installation: Installation) -> Installation:
    """Guardian whose policy warns, rolled out."""
    installation.write(sandbox=POLICY)
    assert installation.apply().failed == ()
    return installation


def notices(warned: Installation, session: str) -> list[StopNotice]:
    warned.collect()
    return [notice for notice in warned.open().journal.unposted() if notice.id == session]


def outcomes(warned: Installation, session: str) -> list[Outcome]:
    warned.collect()
    return [outcome for outcome in warned.outcomes() if outcome.id == session]


def messages(warned: Installation, session: str) -> list[dict[str, Any]]:
    """What everybody in the channel sees of a session's stop."""
    found = warned.slack.messages()
    return [m for m in found if f"`{session}`" in m["text"] and m["channel_name"] == "cloud-costs"]


def post(warned: Installation, path: str, **fields: str) -> None:
    """What a browser posts from local Slack's page."""
    data = urllib.parse.urlencode({**fields, "as": WHO}).encode()
    urllib.request.urlopen(f"{warned.slack.page}localslack/{path}", data, timeout=15).close()  # noqa: S310 - loopback


def answers(warned: Installation) -> str:
    """All that was told to one person alone."""
    return "\n".join(m["text"] for m in warned.slack.messages() if "only_for" in m)


def open_session(warned: Installation, session: str) -> StopNotice:
    """Open one and wait until its stop is announced."""
    warned.cast.person(WHO, WHO).open_glue_session(session)
    (notice,) = eventually(lambda: notices(warned, session), within=30)
    return notice


def test_a_stop_is_told_ahead_and_comes_when_it_was_told(warned: Installation) -> None:
    notice = open_session(warned, "told")
    assert notice.owner == WHO
    assert notice.policy == "sandbox"
    assert notice.facts
    assert (notice.stops - notice.at).total_seconds() > 3600
    (outcome,) = eventually(lambda: outcomes(warned, "told"), within=30)
    assert outcome.result is Result.STOPPED
    assert outcome.at >= notice.stops
    assert outcome.started == notice.started
    assert len(notices(warned, "told")) == 1


def test_what_is_kept_after_its_warning_runs_on_and_the_journal_knows_by_whom(
    warned: Installation,
) -> None:
    notice = open_session(warned, "kept")
    account = warned.cast.accounts[WHO]
    what = (account, HOME, "glue-session", "kept")
    kept = warned.run("keep", *what, "--for", "4h")
    assert (kept.code, kept.err) == (0, "")
    assert kept.out.startswith("kept is kept alive until ")
    told = outcomes(warned, "kept")
    assert [each.result for each in told] == [Result.KEPT]
    assert "kept alive until" in told[0].reason

    eventually(lambda: warned.open().now() > notice.stops)
    assert session_status(warned.cast, WHO, "kept") == "READY"

    beyond = warned.run("keep", *what, "--for", "20h")
    assert beyond.code == 1
    assert "8h in all" in beyond.err


def test_a_daemon_warns_and_a_press_in_a_browser_keeps_it_alive(warned: Installation) -> None:
    daemon = warned.start("run")
    try:
        eventually(lambda: warned.slack.sockets.connections, within=60)
        me = warned.cast.person(f"{WHO}@example.com", WHO)
        me.open_glue_session("pressed")
        me.open_glue_session("unheard")
        (message,) = eventually(lambda: messages(warned, "pressed"), within=30)
        post(warned, "press", channel=message["channel"], ts=message["ts"], action="keep-4h")
        (message,) = eventually(lambda: [m for m in messages(warned, "pressed") if "edited" in m])
        assert f"by {WHO} in Slack" in str(message["blocks"])
        for text in ("/guardian explain ana", "/guardian explain nobody", "/guardian explain pat"):
            post(warned, "command", channel=message["channel"], text=text)
        eventually(lambda: "notify.max_keep: 8h" in answers(warned))
        eventually(lambda: "There are 0 accounts" in answers(warned))
        eventually(lambda: "is not governed" in answers(warned))
        eventually(lambda: session_status(warned.cast, WHO, "unheard") == "STOPPED", within=60)
        assert session_status(warned.cast, WHO, "pressed") == "READY"
    finally:
        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, out + err
    assert "crashed" not in out + err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("glue-session", "never", "--for", "1h"), 1, "it is gone, or never was"),
        (("glue-session", "x"), 2, "say either --for"),
        (("glue-session", "x", "--for", "soon"), 2, "--for: 'soon' is not a duration"),
        (("glue-session", "x", "--for", "0s"), 2, "must be longer than 0s"),
        (("glue-session", "x", "--until", "soon"), 2, "is no moment"),
        (("glue-session", "x", "--until", "2020-01-01T00:00:00Z"), 1, "is over"),
        (("glue-sesion", "x", "--for", "1h"), 2, "did you mean glue-session?"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    warned: Installation, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = warned.run("keep", warned.cast.accounts[WHO], HOME, *arguments)
    assert ended.code == code
    assert said in ended.err
