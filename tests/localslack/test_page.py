import urllib.request
from html.parser import HTMLParser
from typing import Any

import pytest
from slack_sdk import WebClient

from guardian.localslack import LocalSlack
from guardian.localslack.mrkdwn import mrkdwn

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
NAMES = {"U1": "ana", "C1": "finops"}
HOSTILE = [
    "<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "</style></time><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<javascript:alert(1)|press>",
    '<https://a.example" onmouseover="alert(1)|x>',
    "*<b onclick=alert(1)>*",
    "```</pre><script>alert(1)</script>```",
    "`</code><script>alert(1)</script>`",
    '<!date^1^{date}"><script>alert(1)</script>|<img src=x>>',
    "<!date^x^{date}|&lt;script&gt;alert(1)&lt;/script&gt;>",
    "<@U1|<script>>",
    "<!subteam^S1|&lt;script&gt;>",
    "\ufdd00\ufdd1 <https://a.example|\ufdd00\ufdd1>",
]


class Tags(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _italic_ ~struck~", "<b>bold</b> <i>italic</i> <s>struck</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`*code*`", "<code>*code*</code>"),
        ("```a\n  *b*```", "<pre>a\n  *b*</pre>"),
        ("*`x` of <@U1>*", '<b><code>x</code> of <span class="mention">@ana</span></b>'),
        ("a\nb", "a<br>b"),
        ("&gt; said\nafter", "<blockquote>said</blockquote>after"),
        ("Q&amp;A &lt;3", "Q&amp;A &lt;3"),
        ("<!channel> <#C1>", '<span class="mention">@channel</span> <span class="mention">#finops</span>'),
        (":warning: :nonsense:", "\u26a0\ufe0f :nonsense:"),
        (
            "<!date^1795165500^{date_num} {time}|then>",
            '<time title="2026-11-20 09:05 UTC">2026-11-20 09:05</time>',
        ),
        ("<!date^soon^{date}|then>", "then"),
        ("<b>a</b>", "&lt;b&gt;a&lt;/b&gt;"),
    ],
)  # fmt: skip
def test_mrkdwn_is_formatted(text: str, shown: str) -> None:
    assert str(mrkdwn(text, NAMES)) == shown


def test_a_link_opens_elsewhere() -> None:
    assert str(mrkdwn("<https://a.example/?b=1&amp;c=2|*it*>", NAMES)) == (
        '<a href="https://a.example/?b=1&amp;c=2" rel="noopener noreferrer" target="_blank">*it*</a>'
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_can_bring_html_or_script_onto_the_page(
    client: WebClient, slack: LocalSlack, channel: str, text: str
) -> None:
    clean = Tags(slack.render_page()).found
    parts: list[Any] = [{"type": "text", "text": text}, {"type": "link", "url": text}]
    parts += [{"type": "emoji", "name": text}, {"type": "broadcast", "range": text}]
    plain = {"type": "plain_text", "text": text}
    formatted = {"type": "mrkdwn", "text": text}
    blocks: list[Any] = [
        {"type": "header", "text": plain},
        {"type": "section", "text": formatted, "fields": [formatted, plain]},
        {"type": "context", "elements": [formatted]},
        {"type": "actions", "elements": [{"type": "button", "text": plain}]},
        {"type": "image", "image_url": text, "alt_text": text, "title": plain},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]},
    ]
    client.chat_postMessage(channel=channel, text=text)
    client.chat_postMessage(channel=channel, text=text, blocks=blocks)
    client.files_upload_v2(
        channel=channel, filename="a.svg", content=f"<svg>{text}</svg>", title=text, alt_txt=text
    )
    found = Tags(slack.render_page()).found
    assert len(found) > len(clean)
    assert {tag for tag, _ in found} & {"script", "img", "svg", "iframe", "object"} == set()
    for tag, attributes in found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert not str(attributes.get("href", "")).lower().startswith("javascript:")


def test_messages_threads_and_pictures_are_shown(
    client: WebClient, slack: LocalSlack, channel: str
) -> None:
    ts = str(client.chat_postMessage(channel=channel, text="*parent*")["ts"])
    client.chat_postMessage(channel=channel, text="in the thread", thread_ts=ts)
    client.files_upload_v2(
        channel=channel, thread_ts=ts, filename="chart.png", content=PICTURE, alt_txt="bars"
    )
    page = slack.render_page()
    assert "<b>parent</b>" in page
    assert "2 replies" in page
    assert "in the thread" in page
    [picture] = [attributes for tag, attributes in Tags(page).found if tag == "img"]
    assert picture["alt"] == "bars"
    assert str(picture["src"]).startswith("data:image/png;base64,")


def test_the_page_loads_nothing_from_elsewhere(
    client: WebClient, slack: LocalSlack, channel: str
) -> None:
    image = {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "elsewhere"}
    client.chat_postMessage(channel=channel, text="x", blocks=[image])
    with urllib.request.urlopen(slack.page) as answer:  # noqa: S310 - loopback
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        found = Tags(answer.read().decode()).found
    assert all("src" not in attributes for _, attributes in found)
    assert {tag for tag, _ in found}.isdisjoint({"link", "script"})


def test_a_file_that_is_no_picture_is_downloaded(client: WebClient, channel: str) -> None:
    file = client.files_upload_v2(
        channel=channel, filename="a.html", content="<script>alert(1)</script>"
    )["file"]
    with urllib.request.urlopen(file["url_private"]) as answer:  # noqa: S310 - loopback
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"
