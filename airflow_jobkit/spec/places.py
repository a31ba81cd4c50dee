"""Places as YAML writes them, as absolute paths or URLs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

# A `file:` URL of this machine, up to its path; one with another host stays as it is.
_FILE_URL = re.compile(r"file:(//(localhost)?)?(?=/(?!/))", re.IGNORECASE)


def place(location: str, base: Path | str) -> str:
    """A place as an absolute path or a URL; a relative one starts at the base.

    `~` is the home folder, and a `file://` URL of this machine becomes the path it stands for.
    """
    location = _plain(location)
    if "://" in location or os.path.isabs(location):  # noqa: PTH117 - once per place, and a Path is slow
        return location.rstrip("/") or "/"
    return f"{str(base).rstrip('/')}/{location}".rstrip("/")


def _plain(location: str) -> str:
    file_url = _FILE_URL.match(location)
    if file_url is not None:
        return unquote(location[file_url.end() :])
    return os.path.expanduser(location)  # noqa: PTH111 - Path's raises where there is no such home
