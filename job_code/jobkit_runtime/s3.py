"""Small text files on Amazon S3, one request each.

Credentials, region and endpoint are found by boto3 itself: its default chain, `AWS_ENDPOINT_URL`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from jobkit_runtime.errors import StorageError

SCHEMES = frozenset({"s3", "s3a"})

# An answer without a body has its HTTP status for a code.
_FORBIDDEN = frozenset({"AccessDenied", "403"})
_AMBIGUOUS = "; a role without s3:ListBucket gets the same answer where nothing is there"


def read_text(url: str) -> str | None:
    """The whole text of the object, or None when there is none.

    Raises:
        StorageError: the object cannot be read; a bucket that is missing is one of the reasons.
    """
    bucket, key = _object(url)
    with _worded("read", url):
        client = _client()
        try:
            body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        return body.decode("utf-8")


def write_text(url: str, text: str) -> None:
    """Put the object; S3 shows the old one or the new one, never a part.

    Raises:
        StorageError: the object cannot be written.
    """
    bucket, key = _object(url)
    with _worded("write", url):
        _client().put_object(Bucket=bucket, Key=key, Body=text.encode("utf-8"))


def exists(url: str) -> bool:
    """Whether there is an object of that key, or any below it.

    Raises:
        StorageError: the bucket cannot be listed.
    """
    bucket, key = _place(url)
    with _worded("list", url):
        # An object of that very key is the first of all that begin like it, so one request mostly tells.
        # Where another one is first ("a-b" is before "a/b"), a second looks below the key alone.
        found = _first(bucket, key)
        if found is None or found == key or key.endswith("/") or not key:
            return found is not None
        return found.startswith(f"{key}/") or _first(bucket, f"{key}/") is not None


def _first(bucket: str, prefix: str) -> str | None:
    page = _client().list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    keys: list[str] = [entry["Key"] for entry in page.get("Contents", ())]
    return keys[0] if keys else None


def _place(url: str) -> tuple[str, str]:
    """Bucket and key, the key as it stands: S3 URLs are not percent-encoded."""
    bucket, _, key = url.partition(":")[2].removeprefix("//").partition("/")
    if not bucket:
        raise StorageError(f"{url} names no bucket: write s3://bucket/key")
    return bucket, key


def _object(url: str) -> tuple[str, str]:
    bucket, key = _place(url)
    if not key:
        raise StorageError(f"{url} names a bucket and no object in it: write s3://{bucket}/key")
    return bucket, key


@functools.cache
def _client() -> Any:
    """One client for the whole process; boto3's clients may be shared between threads."""
    import boto3  # type: ignore[import-untyped, unused-ignore]
    from botocore.config import Config  # type: ignore[import-untyped, unused-ignore]

    retries = {"mode": "standard", "total_max_attempts": 5}
    return boto3.client("s3", config=Config(connect_timeout=10, read_timeout=60, retries=retries))


@contextlib.contextmanager
def _worded(verb: str, url: str) -> Iterator[None]:
    """What goes wrong inside becomes a StorageError with the place and the service's own words."""
    try:
        from botocore.exceptions import (  # type: ignore[import-untyped, unused-ignore]
            BotoCoreError,
            ClientError,
        )

        try:
            yield
        except (BotoCoreError, ClientError, UnicodeDecodeError) as exc:
            forbidden = isinstance(exc, ClientError) and exc.response["Error"].get("Code") in _FORBIDDEN
            hint = _AMBIGUOUS if forbidden and verb == "read" else ""
            raise StorageError(f"cannot {verb} {url}: {exc}{hint}") from exc
    except ImportError as exc:
        raise StorageError(
            f"cannot {verb} {url}: boto3 is not installed beside the job ({exc}). AWS Glue and Databricks "
            "bring it; in a virtual environment of your own, pip install boto3"
        ) from exc
