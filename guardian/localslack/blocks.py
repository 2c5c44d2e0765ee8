"""Block Kit's rules, as Slack checks them when a message is posted. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]
Problems = Iterator[str]

BLOCKS = 50
TOTAL = 13_200
SECTION_TEXT = 3_000
FIELDS = 10
FIELD = 2_000
HEADER = 150
CONTEXT_ELEMENTS = 10
ACTIONS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
URL = 3_000
IDENTIFIER = 255
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
ALT_TEXT = 2_000
RICH_TEXT = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
TEXT_KEYS = ("text", "title", "alt_text", "fallback")


def problems(blocks: Sequence[Any]) -> Problems:
    """What Slack has against these blocks, in its words; nothing when it takes them."""
    if len(blocks) > BLOCKS:
        yield _at(f"no more than {BLOCKS} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        yield from _block(block, f"/blocks/{index}")
    ids = Counter(b["block_id"] for b in blocks if isinstance(b, Mapping) and "block_id" in b)
    for block_id, count in ids.items():
        if count > 1:
            yield _at(f"block_id must be unique: {block_id}", "/blocks")


def characters(found: Any) -> int:
    """How many characters of text these blocks show, all together."""
    if isinstance(found, Mapping):
        own = sum(len(found[key]) for key in TEXT_KEYS if isinstance(found.get(key), str))
        return own + sum(map(characters, found.values()))
    return sum(map(characters, found)) if isinstance(found, list | tuple) else 0


def _block(block: Any, where: str) -> Problems:
    if not isinstance(block, Mapping):
        yield _at("must provide an object", where)
        return
    kind = block.get("type")
    if kind is None:
        yield _at("missing required field: type", where)
    elif kind not in CHECKS:
        yield _at(f"unsupported type: {kind}", f"{where}/type")
    else:
        yield from _length(block, "block_id", IDENTIFIER, where)
        yield from CHECKS[kind](block, where)


def _section(block: Block, where: str) -> Problems:
    fields = block.get("fields")
    if "text" not in block and not fields:
        yield _at("missing required field: text", where)
    if "text" in block:
        yield from _text(block["text"], SECTION_TEXT, f"{where}/text")
    if fields is not None:
        yield from _items(fields, FIELDS, f"{where}/fields")
        for index, field in enumerate(fields):
            yield from _text(field, FIELD, f"{where}/fields/{index}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory", ("button", "image"))


def _header(block: Block, where: str) -> Problems:
    yield from _text(block.get("text"), HEADER, f"{where}/text", ("plain_text",))


def _image(block: Block, where: str) -> Problems:
    if "image_url" not in block and "slack_file" not in block:
        yield _at("missing required field: image_url", where)
    if "alt_text" not in block:
        yield _at("missing required field: alt_text", where)
    yield from _length(block, "image_url", URL, where)
    yield from _length(block, "alt_text", ALT_TEXT, where)
    if "title" in block:
        yield from _text(block["title"], ALT_TEXT, f"{where}/title", ("plain_text",))


def _context(block: Block, where: str) -> Problems:
    elements = block.get("elements", [])
    yield from _items(elements, CONTEXT_ELEMENTS, f"{where}/elements")
    for index, element in enumerate(elements):
        yield from _element(
            element, f"{where}/elements/{index}", ("image", "plain_text", "mrkdwn")
        )


def _actions(block: Block, where: str) -> Problems:
    elements = block.get("elements", [])
    yield from _items(elements, ACTIONS, f"{where}/elements")
    for index, element in enumerate(elements):
        yield from _element(element, f"{where}/elements/{index}", ("button",))


def _rich_text(block: Block, where: str) -> Problems:
    for index, element in enumerate(block.get("elements", [])):
        kind = element.get("type") if isinstance(element, Mapping) else None
        if kind not in RICH_TEXT:
            yield _at(f"unsupported type: {kind}", f"{where}/elements/{index}/type")


def _divider(_: Block, __: str) -> Problems:
    yield from ()


def _element(element: Any, where: str, allowed: Sequence[str]) -> Problems:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if kind not in allowed:
        yield _at(f"unsupported type: {kind}", f"{where}/type")
    elif kind == "button":
        yield from _button(element, where)
    elif kind == "image":
        yield from _image(element, where)
    else:
        yield from _text(element, SECTION_TEXT, where)


def _button(button: Block, where: str) -> Problems:
    yield from _text(button.get("text"), BUTTON_TEXT, f"{where}/text", ("plain_text",))
    yield from _length(button, "action_id", IDENTIFIER, where)
    yield from _length(button, "value", BUTTON_VALUE, where)
    yield from _length(button, "url", URL, where)
    if button.get("style") not in (None, "primary", "danger"):
        yield _at("must be a valid enum value", f"{where}/style")
    if (confirm := button.get("confirm")) is not None:
        title = confirm.get("title")
        yield from _text(title, CONFIRM_TITLE, f"{where}/confirm/title", ("plain_text",))
        yield from _text(confirm.get("text"), CONFIRM_TEXT, f"{where}/confirm/text")


def _text(
    found: Any, most: int, where: str, allowed: Sequence[str] = ("plain_text", "mrkdwn")
) -> Problems:
    """Check a text object of at most `most` characters."""
    if not isinstance(found, Mapping):
        parent, _, key = where.rpartition("/")
        yield _at(f"missing required field: {key}", parent)
    elif found.get("type") not in allowed:
        yield _at(f"must be one of: {', '.join(allowed)}", f"{where}/type")
    elif not isinstance(found.get("text"), str):
        yield _at("missing required field: text", where)
    elif not found["text"]:
        yield _at("must be more than 0 characters", f"{where}/text")
    elif len(found["text"]) > most:
        yield _at(f"must be less than {most + 1} characters", f"{where}/text")


def _length(found: Block, key: str, most: int, where: str) -> Problems:
    value = found.get(key, "")
    if not isinstance(value, str):
        yield _at("must provide a string", f"{where}/{key}")
    elif len(value) > most:
        yield _at(f"must be less than {most + 1} characters", f"{where}/{key}")


def _items(found: Any, most: int, where: str) -> Problems:
    if not isinstance(found, list) or not found:
        yield _at("must provide at least 1 item", where)
    elif len(found) > most:
        yield _at(f"no more than {most} items allowed", where)


def _at(problem: str, where: str) -> str:
    return f"{problem} [json-pointer:{where}]"


CHECKS: Mapping[str, Callable[[Block, str], Problems]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "rich_text": _rich_text,
    "section": _section,
}
