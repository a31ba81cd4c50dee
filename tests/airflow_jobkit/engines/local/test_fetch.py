"""What an Invocation names on S3 is brought to this machine; what is here already stays where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.engines.local.fetch import fetched
from airflow_jobkit.errors import ReleaseNotFoundError
from airflow_jobkit.release import Store, open_store

ARGUMENTS = (("module_name", "dwh.a"),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return folder


def test_script_and_wheels_are_copied_under_their_names(bucket: str, folder: Path) -> None:
    store = open_store(f"s3://{bucket}/code")
    store.create("entry.py", b"a script")
    store.create("wheels/dwh.whl", b"a wheel")
    call = Invocation(
        f"s3://{bucket}/code/entry.py", (f"s3://{bucket}/code/wheels/dwh.whl", "/srv/x.whl"), ARGUMENTS
    )
    assert fetched(call, folder, open_store) == Invocation(
        f"{folder}/entry.py", (f"{folder}/dwh.whl", "/srv/x.whl"), ARGUMENTS
    )
    assert (folder / "entry.py").read_bytes() == b"a script"
    assert (folder / "dwh.whl").read_bytes() == b"a wheel"


def test_a_call_that_is_local_already_opens_no_store(folder: Path) -> None:
    def refuse(root: str) -> Store:
        raise AssertionError(root)

    call = Invocation("/srv/entry.py", ("file:///srv/dwh.whl",), ARGUMENTS)
    assert fetched(call, folder, refuse) == call
    assert not list(folder.iterdir())


def test_a_file_that_went_missing_is_named(bucket: str, folder: Path) -> None:
    call = Invocation(f"s3://{bucket}/code/entry.py", (), ARGUMENTS)
    with pytest.raises(ReleaseNotFoundError, match=f"^s3://{bucket}/code/entry.py is not there any more"):
        fetched(call, folder, open_store)
