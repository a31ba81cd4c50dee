from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import finished

from jobkit_runtime.context import JobContext
from jobkit_runtime.datasets import FileDatasets
from jobkit_runtime.envelope import DatasetBinding
from jobkit_runtime.journal import Journal
from jobkit_runtime.platforms import GivenPlatform
from jobkit_runtime.runinfo import RunInfo

ROOT = Path(__file__).resolve().parents[2]
JOB_CODE = ROOT / "job_code"
CONTRACTS = ROOT / "tests" / "contracts"


@pytest.fixture
def contract() -> Callable[[str], dict[str, Any]]:
    """Read a golden document by name."""
    return lambda name: json.loads((CONTRACTS / name).read_text())


@pytest.fixture
def team_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Write modules of a package that is importable during the test: `team_package(jobs="...source...")`."""
    folder = tmp_path / "lib"
    monkeypatch.syspath_prepend(folder)

    def write(**sources: str) -> Path:
        package = folder / "team"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        for name, source in sources.items():
            (package / f"{name}.py").write_text(source)
        return folder

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "team"]:
        del sys.modules[name]


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an entry script as a process of its own: `run_script("local", *argv, lib=folder, env={...})`."""

    def run(
        engine: str,
        *argv: str,
        lib: Path | None = None,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> subprocess.CompletedProcess[str]:
        paths = [str(path) for path in (JOB_CODE, JOB_CODE / "dwh", lib) if path]
        script = JOB_CODE / "scripts" / engine / "generic_entry.py"
        return finished(
            [python, str(script), *argv],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(env or {})},
        )

    return run


@pytest.fixture
def file_context(tmp_path: Path) -> Callable[..., JobContext[Any]]:
    """A context on real files below tmp_path, on the shared session; each call is one try of a run."""

    def make(
        run_key: str = "run1",
        try_number: int = 1,
        datasets: Mapping[str, DatasetBinding] | None = None,
        root: Path = tmp_path / "data",
    ) -> JobContext[Any]:
        import logging

        platform, journal = GivenPlatform(), Journal()
        run = RunInfo(run_key=run_key, engine="local", try_number=try_number, code_version="0.1.0")
        return JobContext(
            params=None,
            run=run,
            platform=platform,
            datasets=FileDatasets(platform, run, journal, str(root), datasets or {}),
            journal=journal,
            logger=logging.getLogger("test"),
        )

    return make


@pytest.fixture
def packed() -> Callable[[Mapping[str, Any]], str]:
    """Pack an Envelope as the operator does."""
    import base64
    import zlib

    def pack(document: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(zlib.compress(json.dumps(document).encode())).rstrip(b"=").decode()

    return pack


@pytest.fixture(scope="session")
def aws_server() -> Iterator[str]:
    """The address of an S3 on loopback; one for the whole session, since the runtime keeps its client."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed here: no S3 to talk to")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_server: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """What leads boto3 to that S3, set for this process; for child processes it is returned."""
    variables = {
        "AWS_ENDPOINT_URL": aws_server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@dataclass(frozen=True)
class Bucket:
    """A bucket of a test's own, and what a test does behind the runtime's back."""

    name: str
    client: Any

    def put(self, key: str, body: bytes) -> str:
        """Put an object; its URL."""
        self.client.put_object(Bucket=self.name, Key=key, Body=body)
        return f"s3://{self.name}/{key}"

    def keys(self) -> list[str]:
        """All keys, sorted."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def text(self, key: str) -> str:
        """What an object holds."""
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body.decode()

    def forbid(self) -> None:
        """Let nobody read or write its objects."""
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"arn:aws:s3:::{self.name}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.client.put_bucket_policy(Bucket=self.name, Policy=json.dumps(policy))


@pytest.fixture
def bucket(aws: Mapping[str, str]) -> Bucket:
    """An empty bucket."""
    import boto3

    made = Bucket(f"test-{uuid.uuid4().hex[:12]}", boto3.client("s3"))
    made.client.create_bucket(Bucket=made.name)
    return made
