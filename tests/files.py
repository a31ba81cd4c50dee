"""Writing the files that a test is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

Write = Callable[[str, str], Path]


def writer(folder: Path) -> Write:
    """Write files below a folder: `write("dags/flights.yaml", "...text...")`; folders are made as needed."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write
