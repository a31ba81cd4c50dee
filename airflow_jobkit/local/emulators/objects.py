"""moto's S3, with its objects mirrored in a folder, so that HTTP and Spark see the same data."""

from __future__ import annotations

import re
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from airflow_jobkit.local.emulators.mirror import Mirror, Stamp, holds
from airflow_jobkit.local.emulators.wsgi import Application, Environ, StartResponse, call, whole_body

_BUCKET = re.compile(r"[A-Za-z0-9][\w-]*(\.[\w-]+)*")
_OF_S3 = re.compile(r"Credential=[^,]*/s3/aws4_request|^AWS ")
_PROPERTIES = {"acl", "legal-hold", "partNumber", "retention", "tagging", "torrent", "uploads"}
"""Queries by which a request is about something of an object that is not its content."""

_COPY_SOURCE = "HTTP_X_AMZ_COPY_SOURCE"


class MirroredObjects:
    """WSGI middleware in front of moto.

    Before a request is answered, what has changed in the folder goes to moto; after a write, what has changed
    in moto goes to the folder. Keys that cannot be files, such as `a` beside `a/b`, stay in moto alone.

    The folder holds contents, and nothing else of an object: its Content-Type, user metadata and tags are
    lost when the emulators end, or when Spark writes it anew.
    """

    def __init__(self, app: Application, folder: Path) -> None:
        self._app = app
        self._mirror = Mirror(folder)
        # moto's S3 checks a condition and then writes: two writers at once would both find it fulfilled.
        self._lock = threading.RLock()
        self._made: set[str] = set()

    def open(self, buckets: Iterable[str]) -> None:
        """Make the buckets, and those the folder has, with the objects in it."""
        for bucket in buckets:
            self._mirror.add_bucket(bucket)
        self._make_all()
        for bucket in self._made:
            self._take_changes(bucket)

    def buckets(self) -> Mapping[str, Path]:
        """The folder of each bucket."""
        return self._mirror.buckets()

    def read(self, url: str) -> bytes | None:
        """The content of an `s3://` (or `s3a://`) URL; None where there is no such object."""
        parts = urlsplit(url)
        with self._lock:
            if self._has(parts.netloc):
                self._take_change(parts.netloc, parts.path.removeprefix("/"))
            return self._get(parts.netloc, parts.path.removeprefix("/"))

    def write(self, url: str, content: bytes) -> None:
        """Write the object of an `s3://` (or `s3a://`) URL.

        Raises:
            OSError: There is no such bucket.
        """
        parts = urlsplit(url)
        status, _ = call(self, "PUT", _url(parts.netloc, parts.path.removeprefix("/")), "s3", body=content)
        if status >= 300:
            raise OSError(f"{url} cannot be written: S3 answers {status}; is there such a bucket?")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; those of other services go on to moto as they are."""
        bucket, _, key = _path(environ).partition("/")
        if is_for_s3(environ) and not bucket:
            self._make_all()
        if not is_for_s3(environ) or not _BUCKET.fullmatch(bucket):
            return self._app(environ, start_response)
        body = whole_body(environ)
        statuses: list[int] = []

        def started(status: str, *rest: object) -> object:
            statuses.append(int(status.split(" ", 1)[0]))
            return start_response(status, *rest)

        with self._lock:
            self._before(environ, bucket, key)
            answer = list(self._app(environ, started))
            if statuses and statuses[0] < 300:
                self._after(environ, bucket, key, body)
        return answer

    def _before(self, environ: Environ, bucket: str, key: str) -> None:
        source = unquote(environ.get(_COPY_SOURCE, "")).removeprefix("/").partition("?")[0]
        for name, _, wanted in ([bucket, "", key], source.partition("/")):
            if not self._has(name):
                continue
            if wanted:
                self._take_change(name, wanted)
            else:
                self._take_changes(name)

    def _after(self, environ: Environ, bucket: str, key: str, body: bytes) -> None:
        method = environ["REQUEST_METHOD"]
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if key:
            if method in ("PUT", "POST", "DELETE") and not _PROPERTIES & set(query):
                self._give_change(bucket, key)
        elif method == "POST" and "delete" in query:
            for gone in _keys_to_delete(body):
                self._give_change(bucket, gone)
        elif method == "PUT" and not query:
            self._mirror.add_bucket(bucket)
            self._made.add(bucket)
        elif method == "DELETE" and not query:
            self._mirror.remove_bucket(bucket)
            self._made.discard(bucket)

    def _has(self, bucket: str) -> bool:
        """Whether a bucket has a folder; a folder that was made by hand is a bucket from then on."""
        if bucket in self._mirror.buckets():
            self._make(bucket)
            return bucket in self._made
        return False

    def _make_all(self) -> None:
        with self._lock:
            for bucket in self._mirror.buckets():
                self._make(bucket)

    def _make(self, bucket: str) -> None:
        if bucket not in self._made and _BUCKET.fullmatch(bucket):
            status, _ = call(self._app, "PUT", f"/{bucket}", "s3")
            if status < 300:
                self._made.add(bucket)

    def _take_changes(self, bucket: str) -> None:
        """Bring what changed in a bucket's folder to moto."""
        changed, gone = self._mirror.changes(bucket)
        for key in gone:
            self._take(bucket, key, None)
        for key, stamp in changed.items():
            self._take(bucket, key, stamp)

    def _take_change(self, bucket: str, key: str) -> None:
        stamp, gone = self._mirror.change_of(bucket, key)
        if stamp is not None or gone:
            self._take(bucket, key, stamp)

    def _take(self, bucket: str, key: str, stamp: Stamp | None) -> None:
        content = None if stamp is None else self._mirror.read(bucket, key)
        if content is None:
            call(self._app, "DELETE", _url(bucket, key), "s3")
            self._mirror.learn(bucket, key, None)
        else:
            status, _ = call(self._app, "PUT", _url(bucket, key), "s3", body=content)
            if status < 300:  # else the next request tries again
                self._mirror.learn(bucket, key, stamp)

    def _give_change(self, bucket: str, key: str) -> None:
        """Bring one object, or its absence, from moto to the folder."""
        if not holds(key):
            return
        content = self._get(bucket, key)
        if content is None:
            self._mirror.delete(bucket, key)
            return
        try:
            self._mirror.write(bucket, key, content)
        except OSError as error:
            print(
                f"s3://{bucket}/{key} stays out of the folder ({error.strerror}); Spark cannot read it",
                file=sys.stderr,
            )

    def _get(self, bucket: str, key: str) -> bytes | None:
        status, content = call(self._app, "GET", _url(bucket, key), "s3")
        return content if status == 200 else None


def is_for_s3(environ: Environ) -> bool:
    """Whether a request is one of S3."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if authorization:
        return bool(_OF_S3.search(authorization))
    query = parse_qs(environ.get("QUERY_STRING", ""))
    credential = query.get("X-Amz-Credential", [""])[0]
    if credential:
        return str(credential).endswith("/s3/aws4_request")
    # Unsigned, or signed in the old way, by the query: moto takes both for S3, but for its own pages.
    return "HTTP_X_AMZ_TARGET" not in environ and not _path(environ).startswith(("moto-api", "latest/"))


def _path(environ: Environ) -> str:
    # WSGI hands on the bytes of a path as Latin-1.
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode("utf-8", "replace").removeprefix("/")


def _keys_to_delete(body: bytes) -> list[str]:
    root = ET.fromstring(body)  # noqa: S314 - this machine's own request, which moto has parsed already
    return [element.text or "" for element in root.iter() if element.tag.rpartition("}")[2] == "Key"]


def _url(bucket: str, key: str) -> str:
    return quote(f"/{bucket}/{key}", safe="/~")
