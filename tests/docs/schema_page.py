"""The reference's page about the schema of policy files, written from the schema itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from guardian.policy import schema as policy

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policy-schema.md"
HEAD = """\
# The schema of policy files

<!-- Written from guardian/policy/schema.py by make reference-docs -->

Every key that a policy file may have, as the JSON Schema has it that `guardian schema` prints and that
[editors read](../how-to/review-a-policy-change.md#while-it-is-written). What the keys mean, and how files inherit from
each other: [policy files](policy.md). `[]` stands for each entry of a list. No other key is allowed anywhere.
"""
KINDS = """\
Each kind may be named without anything, and each of its keys may be left out.

| key | value | where nobody says |
|---|---|---|
"""
Schema = Mapping[str, Any]


def written() -> str:
    """The whole page as it should be."""
    schema: Any = policy.schema()
    parts = [HEAD, _table("The file", schema, schema)]
    for key, each in schema["properties"].items():
        inner = each.get("items", _resolved(each, schema))
        if key != "kinds" and "properties" in inner:
            parts.append(_table(f"`{key}[]`" if "items" in each else f"`{key}`", inner, schema))
    kinds = schema["properties"]["kinds"]["properties"]
    rows = "".join(f"{row}\n" for kind, each in kinds.items() for row in _kind(kind, each, schema))
    return "\n".join([*parts, "## `kinds`\n", KINDS + rows])


def _table(title: str, described: Schema, schema: Schema) -> str:
    required = described.get("required", ())
    rows = "".join(
        f"| `{key}`{', required' if key in required else ''} | {_value(each, schema)} | {_cell(each)} |\n"
        for key, each in described["properties"].items()
    )
    return f"## {title}\n\n| key | value | what it says |\n|---|---|---|\n{rows}"


def _cell(each: Schema) -> str:
    return str(each.get("description", "")).replace("|", "\\|")


def _kind(kind: str, described: Schema, schema: Schema) -> Iterator[str]:
    for key, each in described["properties"].items():
        default = f"`{each['default']}`" if "default" in each else ""
        yield f"| `kinds.{kind}.{key}` | {_value(each, schema)} | {default} |"


def _resolved(each: Schema, schema: Schema) -> Schema:
    name = str(each.get("$ref", "")).rpartition("/")[2]
    found: Schema = schema["$defs"][name] if name else each
    return found


def _value(each: Schema, schema: Schema) -> str:
    """What a key's value looks like, in words and with an example."""
    found = _resolved(each, schema)
    if "oneOf" in found and "properties" not in found:
        return ", or ".join(_value(choice, schema) for choice in found["oneOf"])
    if "items" in found:
        return f"a list: {_value(found['items'], schema)}"
    if "properties" in found:
        name = str(each.get("$ref", "")).rpartition("/")[2]
        return f"as [`{name}`](#{name})" if name else "keys and values, see below"
    return _simple(found)


def _simple(found: Schema) -> str:
    if "const" in found:
        return f"`{found['const']}`"
    if "enum" in found:
        shown = [str(choice) for choice in found["enum"] if "." not in str(choice)]
        more = ", and what lies below them by its path" if len(shown) < len(found["enum"]) else ""
        return "one of " + ", ".join(f"`{choice}`" for choice in shown) + more
    if "examples" in found:
        return f"such as `{found['examples'][0]}`"
    types = found.get("type", "string")
    kind = types if isinstance(types, str) else types[0]
    return {"integer": "a whole number", "object": "keys and values"}.get(kind, "text")
