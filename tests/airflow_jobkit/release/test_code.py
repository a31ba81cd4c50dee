"""Code is found by version, as a Release or as the files of a layout, and looks the same to an operator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.errors import ReleaseDamagedError, ReleaseNotFoundError
from airflow_jobkit.release import open_code, open_store, publish_release
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.spec.code import CodeLayout, CodeRoot

VERSIONS = ("0.9.0", "0.10.0", "0.10.0.dev1")


@pytest.fixture(params=["a folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "a folder":
        return str(tmp_path / "code")
    return f"s3://{request.getfixturevalue('bucket')}/code-prefix"


@pytest.fixture
def layout(root: str) -> CodeLayout:
    """A layout with three versions, and what is no version beside them."""
    store = open_store(root)
    for engine in ("glue", "databricks"):
        store.create(f"scripts/{engine}/generic_entry.py", f"print('{engine}')".encode())
    for version in (*VERSIONS, "latest"):
        store.create(f"dwh-{version}-py3-none-any.whl", version.encode())
    store.create("dwh-1.0.0-py3-none-any.whl.sha256", b"")
    store.create("older/dwh-0.1.0-py3-none-any.whl", b"")
    store.create("runtime.whl", b"the runtime")
    return CodeLayout(
        f"{root}/scripts/{{engine}}/generic_entry.py",
        (f"{root}/dwh-{{code_version}}-py3-none-any.whl", f"{root}/runtime.whl"),
    )


def test_a_layout_gives_the_exact_places_of_a_version(layout: CodeLayout, root: str) -> None:
    found = open_code(layout, "glue").get("0.10.0")
    found.verify()
    assert found.version == "0.10.0"
    assert found.script("glue") == f"{root}/scripts/glue/generic_entry.py"
    assert found.wheels == (f"{root}/dwh-0.10.0-py3-none-any.whl", f"{root}/runtime.whl")


def test_the_digest_of_a_layout_changes_with_its_bytes_alone(layout: CodeLayout, root: str) -> None:
    code = open_code(layout, "glue")
    digest = code.get("0.10.0").digest
    assert len(digest) == 64
    assert code.get("0.9.0").digest != digest
    open_store(root).create("dwh-2.0.0-py3-none-any.whl", b"unrelated")
    assert code.get("0.10.0").digest == digest
    open_store(root).replace("runtime.whl", b"another runtime")
    assert code.get("0.10.0").digest != digest


def test_the_script_of_another_engine_is_not_part_of_it(layout: CodeLayout, root: str) -> None:
    digest = open_code(layout, "glue").get("0.10.0").digest
    open_store(root).replace("scripts/databricks/generic_entry.py", b"changed")
    assert open_code(layout, "glue").get("0.10.0").digest == digest
    assert open_code(layout, "glue").location != open_code(layout, "databricks").location


def test_a_missing_wheel_is_named_with_the_versions_that_are_there(layout: CodeLayout, root: str) -> None:
    with pytest.raises(ReleaseNotFoundError) as caught:
        open_code(layout, "glue").get("0.11.0")
    assert str(caught.value) == (
        f"Code version '0.11.0' is not complete: there is no {root}/dwh-0.11.0-py3-none-any.whl. There are: "
        "0.10.0, 0.10.0.dev1, 0.9.0; did you mean 0.10.0? Put the file there, or choose a version that is."
    )


def test_a_missing_file_that_is_the_same_for_all_versions_is_named(layout: CodeLayout, root: str) -> None:
    with pytest.raises(ReleaseNotFoundError, match=r"there is no .*/local/generic_entry\.py\. Put"):
        open_code(layout, "local").get("0.10.0")


def test_a_version_that_names_folders_too_is_found_and_named(root: str) -> None:
    store = open_store(root)
    store.create("0.1.0/entry.py", b"")
    layout = CodeLayout(f"{root}/{{code_version}}/entry.py", ())
    assert open_code(layout, "glue").get("0.1.0").script("glue") == f"{root}/0.1.0/entry.py"
    with pytest.raises(ReleaseNotFoundError, match=r"there is no .*/0\.2\.0/entry\.py\. Put the file"):
        open_code(layout, "glue").get("0.2.0")


def test_a_wheel_may_be_named_twice(layout: CodeLayout) -> None:
    twice = CodeLayout(layout.entry_point, (*layout.wheels, *layout.wheels))
    assert len(open_code(twice, "glue").get("0.10.0").wheels) == 4


def test_a_release_gives_the_places_that_its_manifest_names(
    prepare: Callable[..., BuiltRelease], root: str
) -> None:
    published = publish_release(prepare(), open_store(root))
    code = open_code(CodeRoot(root), "glue")
    found = code.get("0.1.0")
    found.verify()
    assert (code.location, found.digest) == (root, published.digest)
    assert found.script("glue") == f"{root}/releases/0.1.0/scripts/glue/generic_entry.py"
    assert found.wheels == (
        f"{root}/releases/0.1.0/wheels/dwh-0.1.0-py3-none-any.whl",
        f"{root}/releases/0.1.0/wheels/jobkit_runtime-0.1.0-py3-none-any.whl",
    )
    with pytest.raises(ReleaseNotFoundError, match=r"holds no scripts/local/generic_entry\.py"):
        found.script("local")


def test_a_release_with_a_changed_file_does_not_verify(
    prepare: Callable[..., BuiltRelease], root: str
) -> None:
    store = open_store(root)
    publish_release(prepare(), store)
    store.replace("releases/0.1.0/scripts/glue/generic_entry.py", b"changed")
    with pytest.raises(ReleaseDamagedError, match=r"generic_entry\.py is changed"):
        open_code(CodeRoot(root), "glue").get("0.1.0").verify()
