"""Writes down what happened in the demo, for people and for programs."""

import json
from collections.abc import Sequence
from pathlib import Path

from guardian.demo.cast import ORGANIZATION_CHANNEL
from guardian.demo.story import Story
from guardian.digest import document
from guardian.documents import Document
from guardian.jobs.announce import Announced
from guardian.localslack.server import LocalSlack
from guardian.outcome import Outcome
from guardian.prices import saving
from guardian.slack.blocks import messages
from guardian.slack.chart import draw


def write(
    output: Path, story: Story, announced: Sequence[Announced], slack: LocalSlack, seconds: float
) -> None:
    """summary.json, digest.json, digest.png and slack.html."""
    whole = [a for a in announced if a.digest.channel == ORGANIZATION_CHANNEL]
    current, total = story.instances()
    summary: Document = {
        "accounts": len(story.cast.accounts),
        "stack_instances": {"current": current, "total": total},
        "outcomes": [
            _outcome(story, o) for o in sorted(story.outcomes.values(), key=lambda o: o.at)
        ],
        "missed_caught": story.missed,
        "drift": {"injected": story.injected, "repaired": story.repaired},
        "moved": story.moved,
        "digest": _digest(whole, slack),
        "seconds": round(seconds, 1),
    }
    _json(output / "summary.json", summary)
    for each in whole:
        _json(output / "digest.json", document(each.digest))
        (output / "digest.png").write_bytes(draw(each.digest))
    (output / "slack.html").write_text(slack.render_page(), encoding="utf-8")


def _outcome(story: Story, outcome: Outcome) -> Document:
    after = story.seconds_after_grace(outcome)
    worth = saving(outcome.kind, outcome.facts, outcome.target.region, story.guardian.prices)
    return {
        "outcome": outcome.result.value,
        "kind": outcome.kind,
        "id": outcome.id,
        "account": outcome.target.account,
        "region": outcome.target.region,
        "owner": outcome.owner,
        "policy": outcome.policy,
        "seconds_after_grace": None if after is None else round(after, 3),
        "avoided_usd": None if worth.usd is None else float(worth.usd),
    }


def _digest(announced: Sequence[Announced], slack: LocalSlack) -> Document:
    """What local Slack really has of it."""
    references = {a.reference.rpartition("/")[2] for a in announced}
    posted = [m for m in slack.messages() if m["ts"] in references]
    blocks = sum(len(message.blocks) for a in announced for message in messages(a.digest))
    return {"channel": ORGANIZATION_CHANNEL, "posted": bool(posted), "blocks": blocks}


def _json(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
