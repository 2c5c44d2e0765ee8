"""What `guardian doctor` prints: a line for each finding, and how to mend it in one line that can be copied."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from guardian.doctor import Examined, Finding, Status, count
from guardian.documents import Document
from guardian.terminal import clean

STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILED: "bold red",
    Status.NOT_CHECKED: "dim",
}
STATUS, NAME = max(map(len, Status)), 14
"""How wide the first two columns are."""


def print_examined(console: Console, examined: Examined) -> None:
    name = examined.name
    for finding in examined.findings:
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=STATUS)
        row.add_column(width=NAME)
        row.add_column(overflow="fold")
        status = Text(finding.status.value, STYLES[finding.status])
        row.add_row(status, Text(name), Text(clean(finding.said)))
        console.print(row)
        if finding.fix:
            # Not folded by us: what is copied must be one line.
            fix = Text.assemble(" " * (STATUS + 2), ("→ ", "bold"), (clean(finding.fix), "bold"))
            console.print(fix, soft_wrap=True)
        name = ""


def summary(examined: Sequence[Examined]) -> str:
    return ", ".join(f"{number} {status}" for status, number in count(examined).items() if number)


def doctor_document(examined: Iterable[Examined]) -> Document:
    return {
        "checks": [
            {
                "name": each.name,
                "status": each.status.value,
                "findings": [_finding_document(finding) for finding in each.findings],
            }
            for each in examined
        ]
    }


def _finding_document(finding: Finding) -> Document:
    return {"status": finding.status.value, "said": finding.said, "fix": finding.fix}
