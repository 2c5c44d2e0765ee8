"""`python -m guardian.localaws --port N`: one JSON line on stdout says that it is ready."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from threading import Event

from guardian.localaws.server import HOST, LocalAws


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; answers 2 when the port or the scale cannot be used."""
    asked = _parser().parse_args(argv)
    try:
        local_aws = LocalAws(asked.port, asked.time_scale)
    except OSError as error:
        return _refuse(f"cannot listen on {HOST}:{asked.port}: {error.strerror}")
    except (ValueError, OverflowError) as error:
        return _refuse(str(error))
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    local_aws.start()
    _say_ready(local_aws)
    # In turns: a signal that comes just before an endless wait would be seen by nobody.
    while not stopped.wait(0.5):
        pass
    local_aws.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m guardian.localaws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="what waits are multiplied by: 0.01 turns 100 seconds into one",
    )
    parser.add_argument("--host", choices=[HOST], default=HOST, help="loopback only")
    return parser


def _say_ready(local_aws: LocalAws) -> None:
    clock = local_aws.world.clock
    ready = {
        "endpoint": local_aws.endpoint,
        "port": local_aws.world.port,
        "clock": {"origin": clock.origin, "scale": clock.scale},
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def _refuse(reason: str) -> int:
    sys.stderr.write(f"local AWS: {reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
