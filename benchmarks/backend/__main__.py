"""An AWS for benchmarks only, over HTTP on this machine: `python -m benchmarks.backend --port 0`.

It knows the few calls that a sweep makes, is truthful about what they change, and is fast: it stays out of the way of
what is measured. Local AWS (`guardian/localaws`) is the one for tests and for the demo.
"""

import argparse
import asyncio
import contextlib
import gc

from benchmarks.backend.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backend", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    port = parser.parse_args().port
    gc.freeze()  # nothing here goes in circles: what is imported need not be looked at again
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(port))


if __name__ == "__main__":
    main()
