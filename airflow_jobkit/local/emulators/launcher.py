"""Runs one script as `__main__`, for no longer than whoever started it lives.

Started by path, before anything is importable: `python launcher.py ARGV`, where ARGV is a JSON file with the
script's path and its arguments. Its standard input is a lifeline: the emulator holds the other end and never
writes, so when it dies, even by SIGKILL, the pipe ends. An exception that ends the script is also written to
the file that `JOBKIT_ERROR_FILE` names.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

ERROR_FILE = "JOBKIT_ERROR_FILE"


def main() -> None:
    """Run the script that ARGV names; what it raises is shown as Python itself would show it."""
    _hold_lifeline()
    error_file = os.environ.pop(ERROR_FILE)
    sys.argv = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    script = sys.argv[0]
    sys.path[0] = str(Path(script).resolve().parent)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code not in (None, 0):
            _write(error_file, error, script)
        raise
    except BaseException as error:  # noqa: BLE001 - whatever ends the script is reported as Python would
        _write(error_file, error, script)
        shown = error.with_traceback(_from_script(error.__traceback__, script))
        sys.excepthook(type(shown), shown, shown.__traceback__)
        sys.exit(1)


def _hold_lifeline() -> None:
    lifeline = os.dup(0)  # not inherited by what the script starts
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_watch, args=[lifeline], name="jobkit-lifeline", daemon=True).start()


def _watch(lifeline: int) -> None:
    while os.read(lifeline, 4096):
        continue
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _write(file: str, error: BaseException, script: str) -> None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == script]
    code = error.code if isinstance(error, SystemExit) else None
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": _text(error),
        "line": lines[-1] if lines else getattr(error, "lineno", None),
        "exit_code": code if isinstance(code, int) else None,
    }
    Path(file).write_text(json.dumps(found), encoding="utf-8")


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of the job's own may not be printable
        return "<exception str() failed>"


def _from_script(trace: TracebackType | None, script: str) -> TracebackType | None:
    """The part of a traceback that begins in the script, without this file and runpy."""
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename != script:
        inner = inner.tb_next
    return inner


if __name__ == "__main__":
    main()
