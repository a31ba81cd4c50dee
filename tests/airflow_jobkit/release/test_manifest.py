"""The Manifest is the same bytes for the same content, and says where it is wrong."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_jobkit.errors import ContractError
from airflow_jobkit.release.manifest import Manifest, ManifestFile, ManifestJob


def manifest(**changes: Any) -> Manifest:
    content: dict[str, Any] = {
        "project": "dwh",
        "version": "0.1.0",
        "files": (ManifestFile.of("wheels/b.whl", b"b"), ManifestFile.of("scripts/a.py", b"a")),
        "jobs": (ManifestJob(module_name="dwh.b"), ManifestJob(module_name="dwh.a")),
        "envelope_versions": (1,),
        "runtime_version": "0.1.0",
    }
    return Manifest(**{**content, **changes})


def test_the_order_in_which_files_and_jobs_are_given_does_not_matter() -> None:
    other = manifest(files=manifest().files[::-1], jobs=manifest().jobs[::-1])
    assert other.to_bytes() == manifest().to_bytes()
    assert [file.path for file in other.files] == ["scripts/a.py", "wheels/b.whl"]


def test_the_bytes_are_sorted_json_that_ends_with_a_newline() -> None:
    data = manifest().to_bytes()
    content = json.loads(data)
    assert data.endswith(b"}\n")
    assert list(content) == sorted(content)
    assert content["schema"] == 1


def test_the_digest_is_the_sha256_of_the_bytes() -> None:
    assert manifest().digest == hashlib.sha256(manifest().to_bytes()).hexdigest()


def test_what_was_written_is_read_back() -> None:
    assert Manifest.from_bytes(manifest().to_bytes(), "here") == manifest()


def test_unknown_fields_are_ignored() -> None:
    content = json.loads(manifest().to_bytes())
    content["new"] = content["files"][0]["new"] = 1
    assert Manifest.from_bytes(json.dumps(content).encode(), "here") == manifest()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"schema": 2}, "schema 2 is unknown here.*upgrade airflow-jobkit", id="a newer schema"),
        pytest.param({"version": "v1"}, "version: .*'v1' is not a PEP 440", id="a version in another form"),
        pytest.param({"version": "stable"}, "'stable' is not a PEP 440", id="a channel for a version"),
        pytest.param({"files": None}, "files: ", id="no files"),
        pytest.param({"files": [{"path": "a", "sha256": "x", "size": 1}]}, "files.0.sha256", id="a bad sum"),
    ],
)
def test_a_malformed_manifest_is_a_contract_error_that_names_its_place(
    change: dict[str, Any], complaint: str
) -> None:
    content = {**json.loads(manifest().to_bytes()), **change}
    with pytest.raises(ContractError, match=f"^/code/manifest.json is not a Manifest: .*{complaint}"):
        Manifest.from_bytes(json.dumps(content).encode(), "/code/manifest.json")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_a_contract_error(data: bytes) -> None:
    with pytest.raises(ContractError, match=r"^there is not a Manifest"):
        Manifest.from_bytes(data, "there")


def test_a_file_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="named twice: a"):
        manifest(files=(ManifestFile.of("a", b"1"), ManifestFile.of("a", b"2")))


def test_a_manifest_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        manifest().version = "0.2.0"  # type: ignore[misc]
