"""Log lines on stderr: `2026-01-02 06:00:05 INFO dwh.jobs.flights: text`, times in UTC."""

from __future__ import annotations

import logging
import sys
import time


class _StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic for mypy, not at run time
    """Marks the handler as ours, so that configuring twice does not log twice."""


def configure(level: int = logging.INFO) -> None:
    """Send the root logger to stderr. Handlers that somebody else has set stay."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StderrHandler)]:
        root.removeHandler(handler)
    handler = _StderrHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("py4j", "botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
