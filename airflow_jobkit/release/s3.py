"""A Store on Amazon S3: conditional puts instead of hard links."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Final
from uuid import uuid4

from airflow_jobkit.errors import ReleaseError
from airflow_jobkit.release.store import check_key

S3_SCHEME: Final = "s3://"

_CONFLICT_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each further try of a create that met another one; S3 settles within moments."""

_WRITER: Final = "jobkit-writer"  # the metadata that tells which put an object came from

_REMEDIES: Final = {
    "NoSuchBucket": "create the bucket, or correct its name in jobkit.yaml",
    "AccessDenied": (
        "let the role or user that runs this read, write and list there (s3:GetObject, s3:PutObject, "
        "s3:ListBucket); without s3:ListBucket S3 says the same of what is not there"
    ),
    "InvalidAccessKeyId": "correct the credentials",
    "SignatureDoesNotMatch": "correct the credentials",
    "ExpiredToken": "get new credentials",
    "PermanentRedirect": "set the region of the bucket (AWS_DEFAULT_REGION, or the connection's region_name)",
    "NotImplemented": "use a service with conditional puts (If-None-Match), as S3 has them",
}
_SAME: Final = {"403": "AccessDenied", "Forbidden": "AccessDenied", "AllAccessDisabled": "AccessDenied"}


def default_client() -> Any:
    """An S3 client by boto3's own chain: variables, profile, role; `AWS_ENDPOINT_URL` for another endpoint.

    Raises:
        ReleaseError: boto3 is not installed.
    """
    try:
        import boto3  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise ReleaseError(
            "s3:// needs boto3: pip install boto3, or apache-airflow-providers-amazon, which brings it."
        ) from None
    return boto3.session.Session().client("s3")  # boto3's shared default session is not made for threads


@dataclass(frozen=True)
class S3Store:
    """A Store in a bucket, below a prefix; the client is made at the first call.

    Attributes:
        bucket: The bucket's name.
        prefix: What all keys begin with; empty, or with a slash at its end.
        connect: Makes the boto3 client.
    """

    bucket: str
    prefix: str
    connect: Callable[[], Any]

    @classmethod
    def at(cls, url: str, connect: Callable[[], Any] = default_client) -> S3Store:
        """Open the Store at `s3://bucket/prefix`.

        Raises:
            ReleaseError: The URL names no bucket.
        """
        bucket, _, prefix = url.removeprefix(S3_SCHEME).partition("/")
        if not bucket:
            raise ReleaseError(f"{url} names no bucket: write s3://bucket/prefix.")
        prefix = prefix.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "", connect)

    def read(self, key: str) -> bytes | None:
        """Return the bytes under this key; None where there are none."""
        with self._said(key) as client:
            try:
                answer = client.get_object(Bucket=self.bucket, Key=self._key(key))
                data: bytes = answer["Body"].read()
            except client.exceptions.NoSuchKey:
                return None
        return data

    def create(self, key: str, data: bytes) -> bool:
        """Put bytes where none are yet. False, and nothing changed, where the key exists already."""
        writer = uuid4().hex
        for pause in (*_CONFLICT_PAUSES, None):
            outcome = self._put_if_absent(key, data, writer)
            if outcome is not None:
                return outcome
            if pause is not None:
                time.sleep(pause)
        raise ReleaseError(
            f"{self.location(key)}: others write it at the same time, again and again "
            "(ConditionalRequestConflict); try again later."
        )

    def replace(self, key: str, data: bytes) -> None:
        """Put bytes, whether or not the key exists; readers see the old bytes or the new ones."""
        with self._said(key) as client:
            client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data)

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return every key that begins with `prefix`, sorted."""
        check_key(prefix.rpartition("/")[0], self.location(""))
        with self._said(prefix.rpartition("/")[0]) as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{self.prefix}{prefix}"
            )
            found = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return tuple(sorted(key.removeprefix(self.prefix) for key in found if not key.endswith("/")))

    def location(self, key: str) -> str:
        """Return the URL of a key; of `""`: the root."""
        root = f"{S3_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")
        check_key(key, root)
        return f"{root}/{key}" if key else root

    def size(self, key: str) -> int | None:
        """Return the number of bytes under this key without reading them; None where there are none."""
        with self._said(key) as client:
            try:
                answer = client.head_object(Bucket=self.bucket, Key=self._key(key))
            except client.exceptions.ClientError as error:
                if _code(error) in ("404", "NoSuchKey"):
                    return None
                raise
        return int(answer["ContentLength"])

    def upload(self, key: str, file: IO[bytes], progress: Callable[[int], None]) -> None:
        """Put what a file holds, in parts if it is large; readers see nothing before all of it is there.

        Args:
            key: Where to.
            file: Open for reading.
            progress: Called with the number of bytes that went on since the last call.
        """
        with self._said(key) as client:
            client.upload_fileobj(file, self.bucket, self._key(key), Callback=progress)

    @cached_property
    def _client(self) -> Any:
        return self.connect()

    def _key(self, key: str) -> str:
        check_key(key, self.location(""))
        return f"{self.prefix}{key}"

    def _put_if_absent(self, key: str, data: bytes, writer: str) -> bool | None:
        """Whether this put made the object; None where another was under way, so that nobody knows yet."""
        with self._said(key) as client:
            try:
                client.put_object(
                    Bucket=self.bucket,
                    Key=self._key(key),
                    Body=data,
                    IfNoneMatch="*",
                    Metadata={_WRITER: writer},
                )
            except client.exceptions.ClientError as error:
                code = _code(error)
                if code in ("ConditionalRequestConflict", "409"):
                    return None
                if code not in ("PreconditionFailed", "412"):
                    raise
                # The client itself repeats a put whose answer was lost, and then meets its own object.
                standing = client.head_object(Bucket=self.bucket, Key=self._key(key))
                return bool(standing["Metadata"].get(_WRITER) == writer)
        return True

    @contextmanager
    def _said(self, key: str) -> Iterator[Any]:
        """The client; what goes wrong becomes a ReleaseError with the place and the service's words."""
        location = self.location(key)
        client = self._client
        # Whoever has a client has these.
        from boto3.exceptions import Boto3Error  # type: ignore[import-untyped, unused-ignore]
        from botocore.exceptions import (  # type: ignore[import-untyped, unused-ignore]
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's name
            HTTPClientError,
            NoCredentialsError,
        )

        try:
            yield client
        except ClientError as error:
            raise ReleaseError(_refusal(location, error)) from error
        except NoCredentialsError as error:
            raise ReleaseError(
                f"{location}: there are no AWS credentials. Set a profile (AWS_PROFILE) or keys, log in, or "
                "give the machine a role; in Airflow also the connection that `aws_conn_id` names."
            ) from error
        except (ConnectionError, HTTPClientError) as error:
            # Its own text may hold the URL of a proxy, with a password.
            raise ReleaseError(
                f"{location}: {client.meta.endpoint_url} does not answer ({type(error).__name__}). Check the "
                "network, the region and AWS_ENDPOINT_URL."
            ) from error
        except (BotoCoreError, Boto3Error) as error:
            raise ReleaseError(f"{location}: {error}.") from error


def _refusal(location: str, error: Any) -> str:
    code = _code(error)
    remedy = _REMEDIES.get(_SAME.get(code, code), "try again later, or ask who runs the bucket")
    message = error.response.get("Error", {}).get("Message", "")
    return f"{location}: S3 says {code}{f' ({message})' if message else ''}: {remedy}."


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error"))
