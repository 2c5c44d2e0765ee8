"""The buttons of local Slack's page, pressed in a browser as a reader of the demo would."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.scenario import slack_floor
from tests.scenario.slack_floor import Stage, notice

stage = slack_floor.stage

CHROMIUM = shutil.which("chromium")
PATIENCE = 30_000  # milliseconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


@pytest.fixture
def browser(stage: Stage) -> Iterator[Page]:
    """The page, as ana sees it."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1000, "height": 560})
        page.set_default_timeout(PATIENCE)
        stage.warn(notice())
        page.goto(f"{stage.slack.page}?as=ana")
        yield page
        chromium.close()


def test_keep_is_pressed_in_a_browser_and_the_page_says_who_did_it(
    stage: Stage, browser: Page
) -> None:
    with stage.listening():
        browser.get_by_role("button", name="Keep 4 h").first.click()
        kept = browser.get_by_text("kept alive until 2026-11-23 16:00 UTC by ana in Slack").first
        expect(kept).to_be_visible(timeout=PATIENCE)
        expect(browser.get_by_role("button", name="Keep 4 h")).to_have_count(0, timeout=PATIENCE)
    assert len(stage.cloud.kept) == 1


def test_a_command_is_typed_in_a_browser_and_answered(stage: Stage, browser: Page) -> None:
    with stage.listening():
        line = browser.get_by_label("Command in data-costs")
        line.fill("/guardian status")
        line.press("Enter")
        expect(browser.get_by_text("Guardian is at work.").first).to_be_visible(timeout=PATIENCE)
        expect(browser.get_by_text("Only visible to ana").first).to_be_visible(timeout=PATIENCE)
