"""The process that computes: jobs come in on standard input, events and results go out.

One line of JSON each.  It ends when its input ends, whatever it is doing: a server that was killed
leaves nobody at work on its results folder.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TextIO

from karvan.errors import KarvanError


def main() -> None:
    """Work off jobs for the case, results folder and replications on the command line."""
    case_root, results = (Path(word) for word in sys.argv[1:3])
    replications = int(sys.argv[3])
    # Where the server's console is this process's too (Windows), Ctrl-C is for the server alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = _private_output()
    jobs: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()

    def say(**message: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
        try:
            out.write(json.dumps(message, ensure_ascii=False) + "\n")
            out.flush()
        except OSError:
            # Nobody listens any more: the server died, and its end of the input is about to close.
            _leave()

    # Imported after the listener is in place, so that the server may die meanwhile.
    from karvan.web.jobs import Desk

    desk = Desk(case_root, results, tell=lambda event: say(event=event), replications=replications)
    while True:
        job = jobs.get()
        try:
            say(result=desk.do(job))
        except KarvanError as error:
            say(error={"kind": type(error).__name__, "message": str(error)})
        except Exception:
            traceback.print_exc(file=sys.stderr)
            say(error={"kind": "Exception", "message": traceback.format_exc(limit=1)})


def _private_output() -> TextIO:
    """Return standard output, and let whoever prints write to standard error instead."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "w", encoding="utf-8")


def _listen(jobs: queue.SimpleQueue[Mapping[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    _leave()


def _leave() -> NoReturn:
    """End at once; files are put in place in one step, so one stage is lost at most."""
    os._exit(0)


if __name__ == "__main__":
    main()
