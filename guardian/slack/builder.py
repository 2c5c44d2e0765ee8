"""Where a message can be looked at without being posted. Pure."""

import json
from urllib.parse import quote

from guardian.slack.layout import SlackMessage

BUILDER = "https://app.slack.com/block-kit-builder/#"


def builder_link(message: SlackMessage) -> str:
    """Slack's Block Kit Builder with the message in it, which stays in the browser: it is behind the `#`."""
    blocks = {"blocks": [dict(block) for block in message.blocks]}
    return BUILDER + quote(json.dumps(blocks, separators=(",", ":")), safe="")
