"""S3 over HTTP: moto's, with faults that a test can order. Gives the fixtures `s3` and `bucket`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>{code}</Code><Message>{message}</Message><RequestId>1</RequestId></Error>"""


@dataclass(frozen=True)
class Fault:
    """One answer that is not what S3 would say otherwise.

    Attributes:
        method: The requests it meets.
        status: Its HTTP status line.
        code: Its code, as S3 words it.
        done: Whether the request is carried out first, so that only its answer is lost.
        ending: How the paths end that it meets.
    """

    method: str
    status: str
    code: str
    done: bool = False
    ending: str = ""

    def meets(self, method: str, path: str) -> bool:
        """Whether it is this request's answer."""
        return self.method == method and path.endswith(self.ending)


@dataclass
class FaultyS3:
    """A WSGI application in front of moto's; each fault meets one request.

    Requests go one by one: S3 decides conditional puts atomically, moto's threads do not.
    """

    inner: Callable[..., Iterable[bytes]]
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            self.requests.append(f"{method} {path}")
            fault = next((fault for fault in self.faults if fault.meets(method, path)), None)
            if fault is None:
                return list(self.inner(environ, start_response))
            self.faults.remove(fault)
            if fault.done:
                list(self.inner(environ, lambda *_: None))
            else:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = b"" if method == "HEAD" else ERROR.format(code=fault.code, message="as ordered").encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response(fault.status, headers)
        return [body]


@dataclass(frozen=True)
class S3Service:
    """A running service."""

    url: str
    application: FaultyS3

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let boto3's own chain lead here, and to nothing of this machine."""
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        self.application.faults.clear()
        self.application.requests.clear()

    def new_bucket(self) -> str:
        """Make a bucket of its own for a test, by the variables of `use`."""
        import boto3

        bucket = f"bucket-{uuid4().hex}"
        boto3.session.Session().client("s3").create_bucket(Bucket=bucket)
        return bucket


@contextmanager
def running_s3() -> Iterator[S3Service]:
    """Serve S3 on a free port of this machine."""
    pytest.importorskip("moto", minversion="5.1", reason="an S3 with conditional puts is moto 5.1's")
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class QuietHandler(WSGIRequestHandler):
        """One that keeps connections open and logs nothing."""

        protocol_version = "HTTP/1.1"

        def log_request(self, *_: object) -> None:
            pass

    application = FaultyS3(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3Service(f"http://127.0.0.1:{server.server_port}", application)
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def s3_service() -> Iterator[S3Service]:
    """S3, served once for all tests of a process."""
    with running_s3() as service:
        yield service


@pytest.fixture
def s3(s3_service: S3Service, monkeypatch: pytest.MonkeyPatch) -> S3Service:
    """S3 without faults, where boto3's own chain leads."""
    s3_service.use(monkeypatch)
    return s3_service


@pytest.fixture
def bucket(s3: S3Service) -> str:
    """A bucket of this test's own."""
    return s3.new_bucket()
