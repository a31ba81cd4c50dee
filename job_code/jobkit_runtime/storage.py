"""Small text files by path or url: Envelopes, pointers, Results.

Plain paths (a Databricks volume `/Volumes/...` is one), `file://`, `s3://` and `s3a://` are known. Spark
itself reads and writes the data; only the small documents beside it pass through here.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jobkit_runtime import s3
from jobkit_runtime.errors import StorageError

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):")


def read_text(url: str) -> str | None:
    """The whole text at `url`, or None when nothing is there.

    Raises:
        StorageError: the place exists and cannot be read, or its scheme is unknown.
    """
    if _is_s3(url):
        return s3.read_text(url)
    path = local_path(url)
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise StorageError(f"cannot read {url}: {exc}") from exc


def write_text(url: str, text: str) -> None:
    """Put `text` at `url` in one step: a reader sees the old text or the new one, never a part.

    Raises:
        StorageError: the place cannot be written, or its scheme is unknown.
    """
    if _is_s3(url):
        s3.write_text(url, text)
        return
    path = local_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as exc:
        raise StorageError(f"cannot write {url}: {exc}") from exc


def exists(url: str) -> bool:
    """Whether anything (a file or a folder, an object or any below it) is at `url`.

    Raises:
        StorageError: nobody can tell, or its scheme is unknown.
    """
    return s3.exists(url) if _is_s3(url) else local_path(url).exists()


def join(base: str, *parts: str) -> str:
    """Paths or urls joined by single slashes."""
    return "/".join([base.rstrip("/"), *(part.strip("/") for part in parts)])


def absolute(url: str, base: str | None = None) -> str:
    """`url` standing on its own: relative paths are below `base`, or below the working directory."""
    if _scheme(url) is not None or Path(url).is_absolute():
        return url
    return str(Path(url).absolute()) if base is None else join(base, url)


def local_path(url: str) -> Path:
    """The local path of a plain path or a `file://` url.

    Raises:
        StorageError: any other scheme.
    """
    scheme = _scheme(url)
    if scheme is None:
        return Path(url)
    if scheme == "file":
        return Path(unquote(urlsplit(url).path))
    known = "paths (such as /Volumes/...), file:// and s3://"
    remedy = "; on Databricks, use a volume (/Volumes/...) or s3://" if scheme == "dbfs" else ""
    raise StorageError(f"cannot reach {url}: only {known} are known, not {scheme}:{remedy}")


def _scheme(url: str) -> str | None:
    found = _SCHEME.match(url)
    return None if found is None else found.group(1).lower()


def _is_s3(url: str) -> bool:
    return _scheme(url) in s3.SCHEMES


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            # A volume that is mounted may know neither call, and the text is worth more than both.
            with suppress(OSError):
                os.fsync(file.fileno())
        with suppress(OSError):
            Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
