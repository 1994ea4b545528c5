"""Stages as processes that start at once: all is imported here, a stage is a fork in a session of its own.

Reads one JSON line a stage, ``{"arguments": [...], "folder": ..., "log": ...}``; answers with the process
id and, when the stage has ended, with its exit status (negative: the signal).
"""

import importlib
import json
import os
import sys
import traceback


def run(request: dict) -> None:
    os.setsid()
    os.chdir(request["folder"])
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(log, number)
    from groundstate.cli import main

    status = 1
    try:
        main(request["arguments"])
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1 if leaving.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    from groundstate.cli import COMMANDS
    from groundstate.progress import Progress

    # a line for every unit of work, so that a test can tell how far a killed stage was
    *others, _ = Progress.__init__.__defaults__
    Progress.__init__.__defaults__ = (*others, 0.0)
    for module, _ in COMMANDS.values():
        importlib.import_module(module)
    print("ready", flush=True)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            sys.stdin.close()
            run(json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
