"""`python -m guardian.localslack --port N`: prints one JSON line when it is ready."""

import json
import sys
from argparse import ArgumentParser
from threading import Event

from guardian.localslack.server import LocalSlack
from guardian.localslack.workspace import DEFAULT_CHANNELS


def main() -> int:
    """Answer requests until interrupted; answers 2 when the port cannot be used."""
    parser = ArgumentParser(prog="python -m guardian.localslack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument(
        "--channel", action="append", dest="channels", metavar="NAME", help="may be repeated"
    )
    arguments = parser.parse_args()
    try:
        slack = LocalSlack(arguments.port, arguments.channels or DEFAULT_CHANNELS)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"local Slack: {error}\n")
        return 2
    slack.start()
    sys.stdout.write(json.dumps({"endpoint": slack.endpoint, "page": slack.page}) + "\n")
    sys.stdout.flush()
    try:
        while not Event().wait(0.5):  # in turns: a signal just before an endless wait is lost
            pass
    except KeyboardInterrupt:
        slack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
