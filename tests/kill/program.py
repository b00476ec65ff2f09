"""A served installation that is started again and again: each line on standard input forks it anew.

Everything is loaded before the first fork, so that a start takes a fraction of a second; the answer is the new
process's number. Called as ``python -m tests.kill.program URL FOLDER PORT``.
"""

import os
import signal
import sys
from pathlib import Path

import uvicorn

from tests.web.installation import Installation, RulesOnly


def main(url: str, folder: str, port: str) -> None:
    RulesOnly()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        process = os.fork()
        if process == 0:
            # What is said here goes to the log; the answers are the starter's.
            os.dup2(2, 1)
            installation = Installation(Path(folder), requests=1_000_000, capacity=50, url=url)
            # Whoever takes over need not wait long for the lease of a process that was killed.
            installation.lease_s = 1.0
            installation.open()
            uvicorn.run(installation.app(), port=int(port), log_level="critical")
            os._exit(0)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
