"""Makes the pictures of the pages anew: `make screenshots`. Needs Debian's chromium; what they show is really run."""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright
from rich.console import Console

from guardian.demo.cast import (
    ACCOUNTS,
    ORGANIZATION_CHANNEL,
    RESEARCH,
    SANDBOX,
    TEAM_CHANNEL,
    build,
    hire,
)
from guardian.demo.servers import local_aws, local_slack
from guardian.demo.stage import Stage
from guardian.demo.story import Story
from guardian.ids import AccountId
from guardian.jobs.reconcile import plan_once
from guardian.jobs.warn import Scene
from guardian.journal.sqlite import SqliteJournal
from guardian.localslack import LocalSlack
from guardian.terminal.plan import print_plan
from tests.scenario import slack_floor
from tests.unit.judging import NOW, TARGET

DOCS = Path(__file__).parents[2] / "docs"
DIGEST = DOCS / "pictures" / "digest.png"
PLAN = DOCS / "pictures" / "plan.svg"
STATUS = DOCS / "how-to" / "status-page.png"
WARNING = DOCS / "reference" / "local-slack.png"
PATIENCE = 240.0
"""Real seconds for the daemon's first look at everything."""
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
line-height: {line_height}px; font-variant-east-asian: full-width; }} {styles}</style>
<defs>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""rich's own without its font from a server: pages call nobody."""


@contextmanager
def browser() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running.new_page(viewport={"width": 1000, "height": 700})
        running.close()


def keep(picture: bytes, file: Path) -> None:
    """Write it with 128 colours: text needs no more, and pages load quickly."""
    file.parent.mkdir(exist_ok=True)
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128).save(file, optimize=True)
    sys.stdout.write(f"{file.relative_to(DOCS.parent)}: {file.stat().st_size:,} bytes\n")


class Floor(slack_floor.Stage):
    """The tests' own, whose account has a name that people would give it."""

    @property
    def scene(self) -> Scene:
        return replace(super().scene, names={AccountId(TARGET.account): "sandbox-ana"})


def picture_warning(page: Page, directory: Path) -> None:
    """Two warnings, one of them answered, and a command's answer."""
    slack = LocalSlack()
    slack.start()
    journal = SqliteJournal(directory / "warned.sqlite", lambda: NOW)
    floor = Floor(slack, journal)
    names = ("etl-experiments", "GlueStudioDataPreview-7f3a")
    for name in names:
        floor.run(name)
    floor.warn(*(slack_floor.notice(name) for name in names))
    with floor.listening():
        page.goto(f"{slack.page}?as=ana")
        page.get_by_role("button", name="Keep 4 h").first.click()
        page.get_by_text("by ana in Slack").first.wait_for()
        line = page.get_by_label("Command in data-costs")
        line.fill("/guardian status")
        line.press("Enter")
        page.get_by_text("Guardian is at work.").first.wait_for()
    keep(page.screenshot(), WARNING)
    journal.close()
    slack.stop()


def digest_of(page: Page) -> Locator:
    """The first message of the first channel, which is the organization's; what hangs below it is left out."""
    page.add_style_tag(content="details { display: none }")
    return page.locator("section").first.locator("> article").first


def picture_plan(story: Story) -> None:
    """What guardian would do after somebody switched a rule off and an account moved."""
    story.cast.person("ana", "sandbox-ana").disable_rule("guardian-sandbox-glue-session")
    story.cast.move("sandbox-cleo", SANDBOX, RESEARCH)
    guardian, world = story.guardian, story.guardian.world()
    planned = plan_once(
        guardian.fleet(world.organization),
        world.governance,
        world.organization,
        guardian.brakes,
        guardian.now(),
    )
    console = Console(
        record=True, width=122, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    print_plan(console, planned, world.names)
    svg = console.export_svg(title="guardian plan", code_format=SVG, unique_id="plan")
    PLAN.write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{PLAN.relative_to(DOCS.parent)}: {PLAN.stat().st_size:,} bytes\n")


def picture_status(page: Page, story: Story, directory: Path) -> None:
    """The page of a daemon that has seen people work, and forget."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "guardian", "run", "--config", str(directory / "config")],
        env={**os.environ, "GUARDIAN_HEALTH": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port, "/readyz"))
        for name in ("churn-notebook", "try-spark"):
            story.cast.person("ana", "sandbox-ana").open_glue_session(name)
        until(lambda: b"try-spark" in page_of(port) and b"not yet" not in page_of(port))
        page.set_viewport_size({"width": 960, "height": 970})
        page.goto(f"http://localhost:{port}/")
        keep(page.screenshot(full_page=True), STATUS)
    finally:
        daemon.terminate()
        daemon.wait(timeout=PATIENCE)


def page_of(port: int, path: str = "/") -> bytes:
    with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=10) as answer:
        read: bytes = answer.read()
        return read


def answers(port: int, path: str) -> bool:
    try:
        return bool(page_of(port, path))
    except (urllib.error.URLError, ConnectionError):
        return False


def until(ask: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not ask():
        if monotonic() > deadline:
            sys.exit("it did not come in time: is the machine busy?")
        Event().wait(0.5)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, browser() as page:
        directory = Path(name)
        picture_warning(page, directory)
        channels = (ORGANIZATION_CHANNEL, TEAM_CHANNEL)
        with local_aws() as aws, local_slack(channels) as slack:
            cast = build(aws, len(ACCOUNTS))
            stage = Stage(Console(file=io.StringIO()))
            story = Story(cast, hire(cast, slack, directory / "config"), stage)
            for chapter in (story.introduce, story.roll_out, story.work, story.end, story.catch):
                chapter()
            story.announce()
            page.set_viewport_size({"width": 1000, "height": 1200})
            page.goto(slack.page)
            keep(digest_of(page).screenshot(), DIGEST)
            picture_status(page, story, directory)
            picture_plan(story)


if __name__ == "__main__":
    main()
