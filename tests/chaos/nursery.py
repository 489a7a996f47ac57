"""Starts processes from an interpreter that has imported everything, by fork.

Reads one JSON object per line and answers with the new process's id. A start costs a tenth of what
an interpreter of its own costs, so that many more kills fit into a minute; what runs is the same
`main`. With `is_unsafe` the safeguards are taken away first: the negative control.
"""

import atexit
import ctypes
import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a child gets when its parent dies."""


def main() -> int:
    import consumer.main
    import gateway.main
    import producer.main

    mains: dict[str, Callable[[], int]] = {
        "consumer": consumer.main.main,
        "gateway": gateway.main.main,
        "producer": producer.main.main,
    }
    # The kernel buries the children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order, mains[order["name"].partition("-")[0]])
        print(pid, flush=True)
    return 0


def _become(order: dict[str, Any], body: Callable[[], int]) -> None:
    """Be that process until it ends; never returns."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["environment"]["ALERTWIRE_HOME"])
        out = os.open(Path(order["out"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, number in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(given, number)
        if order["is_unsafe"]:
            from tests.chaos import unsafe

            unsafe.take_safeguards_away()
        code = body()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
