"""Block Kit as HTML. Every text is escaped on its way in. Pure."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from guardian.localslack.mrkdwn import date, emoji, link, mention, mrkdwn, plain
from guardian.localslack.workspace import File, Workspace

Block = Mapping[str, Any]
# Only what its first bytes say is a picture is shown as one: a name proves nothing.
PICTURES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
STYLES = {"bold": "b", "italic": "i", "strike": "s", "code": "code"}


def render_block(block: Block, workspace: Workspace) -> Markup:
    """One block; nothing of a kind that is not known here."""
    kind = RENDERERS.get(block.get("type", ""))
    return kind(block, workspace) if kind else Markup()


def picture_type(content: bytes) -> str | None:
    """The media type of a picture that may be shown, or None."""
    return next((kind for start, kind in PICTURES.items() if content.startswith(start)), None)


def render_file(file: File) -> Markup:
    """A picture inside the page, anything else by its name and size."""
    content = file.content or b""
    kind = picture_type(content)
    if kind is None:
        size = f"{len(content):,} bytes"
        return Markup('<div class="file"><b>{}</b> <span>{}</span></div>').format(
            file.title or file.name, size
        )
    source = f"data:{kind};base64,{b64encode(content).decode()}"
    return Markup('<figure><figcaption>{}</figcaption><img src="{}" alt="{}"></figure>').format(
        file.title or file.name, source, file.alt_text or file.title or file.name
    )


def render_text(found: Any, workspace: Workspace) -> Markup:
    """A text object."""
    if not isinstance(found, Mapping):
        return Markup()
    text = str(found.get("text", ""))
    return plain(text) if found.get("type") == "plain_text" else mrkdwn(text, names(workspace))


def names(workspace: Workspace) -> Mapping[str, str]:
    """The names of people and channels by id."""
    return workspace.names | {found.id: found.name for found in workspace.channels.values()}


def _header(block: Block, workspace: Workspace) -> Markup:
    return Markup("<h3>{}</h3>").format(render_text(block.get("text"), workspace))


def _section(block: Block, workspace: Workspace) -> Markup:
    text = Markup()
    if "text" in block:
        text = Markup("<div>{}</div>").format(render_text(block["text"], workspace))
    fields = _joined('<div class="field">{}</div>', block.get("fields", ()), workspace)
    grid = Markup('<div class="fields">{}</div>').format(fields) if fields else Markup()
    beside = _element(block["accessory"], workspace) if "accessory" in block else Markup()
    return Markup('<div class="section"><div class="grow">{}{}</div>{}</div>').format(
        text, grid, beside
    )


def _context(block: Block, workspace: Workspace) -> Markup:
    shown = (_element(element, workspace) for element in block.get("elements", ()))
    return Markup('<div class="context">{}</div>').format(
        Markup().join(Markup("<span>{}</span>").format(element) for element in shown)
    )


def _divider(_: Block, __: Workspace) -> Markup:
    return Markup("<hr>")


def _actions(block: Block, workspace: Workspace) -> Markup:
    shown = (_element(element, workspace) for element in block.get("elements", ()))
    return Markup('<div class="actions">{}</div>').format(Markup().join(shown))


def _image(block: Block, workspace: Workspace) -> Markup:
    alt = str(block.get("alt_text", ""))
    title = render_text(block.get("title"), workspace) or alt
    file = _uploaded(block, workspace)
    if file is not None:
        return render_file(file)
    # Nothing is loaded from elsewhere: the page must be the same when it is read offline.
    address = str(block.get("image_url", ""))
    return Markup('<div class="file">{} <span>{}</span></div>').format(title, link(address, alt))


def _uploaded(block: Block, workspace: Workspace) -> File | None:
    """The uploaded file that an image block shows, if it shows one."""
    wanted = block.get("slack_file", {})
    address = str(wanted.get("url") or block.get("image_url", ""))
    for file in workspace.files.values():
        if wanted.get("id") == file.id or f"/localslack/files/{file.id}/" in address:
            return file
    return None


def _element(element: Block, workspace: Workspace) -> Markup:
    kind = element.get("type")
    if kind == "button":
        style = element.get("style") if element.get("style") in ("primary", "danger") else ""
        label = render_text(element.get("text"), workspace)
        return Markup('<button class="button {}" name="action" value="{}">{}</button>').format(
            style, str(element.get("action_id", "")), label
        )
    return _image(element, workspace) if kind == "image" else render_text(element, workspace)


def _rich_text(block: Block, workspace: Workspace) -> Markup:
    return Markup().join(_rich(element, workspace) for element in block.get("elements", ()))


def _rich(element: Block, workspace: Workspace) -> Markup:
    kind, parts = element.get("type"), element.get("elements", ())
    if kind == "rich_text_list":
        items = Markup().join(Markup("<li>{}</li>").format(_rich(p, workspace)) for p in parts)
        bullets, numbers = Markup("<ul>{}</ul>"), Markup("<ol>{}</ol>")
        return (numbers if element.get("style") == "ordered" else bullets).format(items)
    inside = Markup().join(_rich_part(part, workspace) for part in parts)
    if kind == "rich_text_preformatted":
        return Markup("<pre>{}</pre>").format(inside)
    if kind == "rich_text_quote":
        return Markup("<blockquote>{}</blockquote>").format(inside)
    return Markup('<div class="rich">{}</div>').format(inside)


def _rich_part(part: Block, workspace: Workspace) -> Markup:
    known = names(workspace)
    shown = {
        "text": lambda: Markup("{}").format(str(part.get("text", ""))),
        "link": lambda: link(str(part.get("url", "")), str(part.get("text") or part.get("url"))),
        "emoji": lambda: emoji(str(part.get("name", ""))),
        "user": lambda: mention("@" + known.get(part.get("user_id", ""), "somebody")),
        "channel": lambda: mention("#" + known.get(part.get("channel_id", ""), "channel")),
        "broadcast": lambda: mention(f"@{part.get('range', 'channel')}"),
        "date": lambda: date(
            str(part.get("timestamp")), str(part.get("format", "")), str(part.get("fallback", ""))
        ),
    }.get(str(part.get("type")), Markup)()
    for style, tag in STYLES.items():
        if part.get("style", {}).get(style):
            shown = Markup(f"<{tag}>{{}}</{tag}>").format(shown)  # noqa: S704 - our own tag
    return shown


def _joined(form: str, texts: Sequence[Block], workspace: Workspace) -> Markup:
    wrapped = Markup(form)  # noqa: S704 - a form of this module
    return Markup().join(wrapped.format(render_text(text, workspace)) for text in texts)


RENDERERS: Mapping[str, Callable[[Block, Workspace], Markup]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "rich_text": _rich_text,
    "section": _section,
}
