"""The command that says what is wrong with an installation."""

import os
from typing import Annotated

import typer

from guardian import terminal
from guardian.cli.exits import FAILED
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json, print_line
from guardian.doctor import Examined, Status, examine
from guardian.doctor.all import checks
from guardian.doctor.patient import Patient
from guardian.terminal.doctor import doctor_document, print_examined, summary


def doctor(
    config: Config = HERE,
    sample: Annotated[
        int, typer.Option(min=0, max=1000, help="How many accounts to look into, of all OUs.")
    ] = 5,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are exit code 1.")] = False,
    form: As = Format.TABLE,
) -> None:
    """Check all that guardian needs, from the inside; say what is wrong and how to mend it."""
    patient = Patient(config, os.environ, sample)
    console = terminal.console()
    made: list[Examined] = []
    for examined in examine(checks(patient)):
        made.append(examined)
        if form is Format.TABLE:
            print_examined(console, examined)
    if form is Format.JSON:
        print_json(doctor_document(made))
    else:
        print_line(f"\n{summary(made)}")
    bad = {Status.FAILED, Status.WARNING} if strict else {Status.FAILED}
    if any(each.status in bad for each in made):
        raise typer.Exit(FAILED)
