"""`python -m tests.faults.holder JOURNAL`: waits for the lease, and says on stdout again and again that it acts."""

import json
import os
import sys
import time
from threading import Event

from guardian.daemon.tenure import Tenure
from guardian.journal import open_journal


def main() -> None:
    journal, tenure, stopping = open_journal(sys.argv[1]), Tenure(), Event()
    lease = tenure.wait(journal, stopping)
    assert lease is not None
    tenure.keep()
    while True:
        began = time.monotonic()
        tenure.make_sure()
        said = {"pid": os.getpid(), "token": lease.token, "began": began, "at": time.monotonic()}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
