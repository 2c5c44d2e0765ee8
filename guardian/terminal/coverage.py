"""What `guardian policies` prints."""

from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from guardian.coverage import Coverage, Unit, fold, modes
from guardian.documents import Document
from guardian.ids import ROOT
from guardian.organization import Account
from guardian.policy.model import Mode, Policy
from guardian.terminal import clean, table
from guardian.terminal.places import within

STYLES = {Mode.STOP: "green", Mode.OBSERVE: "yellow"}
FEW = 4
"""How many accounts of a group are named."""


def document(coverage: Coverage, directory: Path) -> Document:
    """The coverage as JSON: every OU from the root down, and the accounts that nobody governs."""
    return {
        "ous": [_unit_document(unit, directory) for unit in coverage.root.walk()],
        "ungoverned": [
            {
                "reason": reason,
                "accounts": [{"id": a.id, "name": a.name, "path": a.ou} for a in accounts],
            }
            for reason, accounts in coverage.ungoverned.items()
        ],
    }


def _unit_document(unit: Unit, directory: Path) -> Document:
    policy = unit.policy
    return {
        "path": unit.path,
        "policy": policy.slug if policy else None,
        "file": within(policy.file, directory) if policy else None,
        "inherited_from": policy.ou if policy and not unit.own else None,
        "modes": {rule.kind.key: rule.mode.value for rule in policy.rules} if policy else {},
        "accounts": unit.accounts,
        "accounts_below": unit.below,
    }


def show(console: Console, coverage: Coverage, directory: Path, *, whole: bool) -> None:
    """The coverage for people; only the OUs where something is said, unless they want the `whole`."""
    root = coverage.root if whole else fold(coverage.root)
    tree = Tree(_label(root, "", directory))
    _grow(tree, root, directory)
    console.print(tree)
    if coverage.ungoverned:
        rows = [
            (str(len(accounts)), reason, _who(accounts, len(accounts) if whole else FEW))
            for reason, accounts in coverage.ungoverned.items()
        ]
        console.print()
        console.print(table("Not governed", ("accounts", "why", "which"), rows))


def _grow(tree: Tree, unit: Unit, directory: Path) -> None:
    for below in unit.units:
        _grow(tree.add(_label(below, unit.path, directory)), below, directory)


def _label(unit: Unit, above: str, directory: Path) -> Text:
    name = unit.path if unit.path == ROOT else unit.path.removeprefix(above).removeprefix("/")
    said = [Text(clean(name), "bold"), *_governed(unit, directory), Text(_counted(unit))]
    if unit.folded:
        said.append(Text(f"… and {_number(unit.folded, 'OU')} below", "dim"))
    return Text(" · ").join(said)


def _governed(unit: Unit, directory: Path) -> list[Text]:
    if unit.policy is None:
        return [Text("no policy", "dim")]
    file = clean(within(unit.policy.file, directory))
    by = Text(file, "cyan") if unit.own else Text(f"inherits {file}", "dim")
    return [by, _mode(unit.policy)]


def _mode(policy: Policy) -> Text:
    found = modes(policy)
    mixed = len(found) > 1
    return Text("; ").join(
        Text(f"{mode} {', '.join(kinds)}" if mixed else mode, STYLES[mode])
        for mode, kinds in found.items()
    )


def _counted(unit: Unit) -> str:
    here = _number(unit.accounts, "account")
    return f"{here}, {unit.below} below" if unit.below else here


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _who(accounts: tuple[Account, ...], most: int) -> str:
    named = ", ".join(clean(f"{a.name or a.id} in {a.ou}", 60) for a in accounts[:most])
    more = len(accounts) - most
    return f"{named} and {more} more" if more > 0 else named
