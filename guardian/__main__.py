"""Where every `guardian` begins."""

import sys


def main() -> None:
    """Run a command. `health` is asked often, and needs a third of what the others load."""
    if sys.argv[1:2] == ["health"]:
        from guardian.health.command import main as run
    else:
        from guardian.cli import main as run
    run()


if __name__ == "__main__":
    main()
