"""A build is reproducible, leaves no trace in the sources, and says what to do when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.errors import ReleaseBuildError
from airflow_jobkit.release.build import BuiltRelease, build_release
from airflow_jobkit.release.catalog import get_release, verify_release
from airflow_jobkit.release.publish import publish_release
from airflow_jobkit.release.store import LocalStore

WriteJobCode = Callable[..., Path]
WriteProject = Callable[..., None]

REPOSITORY = Path(__file__).parents[3]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.packaging
class TestBuilding:
    def test_the_folder_holds_the_wheels_the_scripts_and_the_manifest(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code", version="1.2.0")
        lines: list[str] = []
        built = build_release(job_code, "DWH", tmp_path / "out", progress=lines.append)

        assert list(tree(built.folder)) == [
            "manifest.json",
            "scripts/glue/generic_entry.py",
            "scripts/local/generic_entry.py",
            "wheels/dwh-1.2.0-py3-none-any.whl",
            "wheels/jobkit_runtime-0.7.0-py3-none-any.whl",
        ]
        manifest = built.manifest
        assert (manifest.project, manifest.version, manifest.runtime_version) == ("dwh", "1.2.0", "0.7.0")
        assert manifest.envelope_versions == (1,)
        assert [job.module_name for job in manifest.jobs] == ["dwh.jobs.flights.clean_flights_factory"]
        assert BuiltRelease.load(tmp_path / "out") == built
        assert lines[-2:] == ["describing the jobs of dwh", f"built dwh 1.2.0 in {tmp_path / 'out'}, jobs: 1"]

    def test_what_was_built_can_be_published_and_verified(
        self, write_job_code: WriteJobCode, store: LocalStore, tmp_path: Path
    ) -> None:
        built = build_release(write_job_code(tmp_path / "job_code"), "dwh", tmp_path / "out")
        publish_release(built, store)
        verify_release(store, get_release(store, "0.1.0"))

    def test_the_sources_are_left_as_they_are(self, write_job_code: WriteJobCode, tmp_path: Path) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        before = tree(job_code)
        build_release(job_code, "dwh", tmp_path / "out")
        assert tree(job_code) == before

    def test_two_builds_from_two_folders_give_the_same_bytes(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        """Neither the place, nor the files' times and modes, nor the umask is in the bytes."""
        outs = []
        for folder, umask, time in (("here", 0o022, 10**9), ("there/deep", 0o077, 1.5 * 10**9)):
            before = os.umask(umask)
            try:
                job_code = write_job_code(tmp_path / folder / "job_code")
                for path in job_code.rglob("*"):
                    os.utime(path, (time, time))
                outs.append(build_release(job_code, "dwh", tmp_path / folder / "out").folder)
            finally:
                os.umask(before)
        assert tree(outs[0]) == tree(outs[1])

    def test_an_older_release_in_the_folder_is_replaced(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        build_release(write_job_code(tmp_path / "old", version="0.1.0"), "dwh", tmp_path / "out")
        build_release(write_job_code(tmp_path / "new", version="0.2.0"), "dwh", tmp_path / "out")
        assert [path for path in tree(tmp_path / "out") if "dwh" in path] == [
            "wheels/dwh-0.2.0-py3-none-any.whl"
        ]

    def test_neither_leftovers_nor_what_git_ignores_get_into_a_wheel(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        (tmp_path / "repository" / ".git").mkdir(parents=True)
        (tmp_path / "repository" / ".gitignore").write_text("*.secret\n")
        job_code = write_job_code(tmp_path / "repository" / "job_code")
        (job_code / "dwh" / "dwh" / "password.secret").touch()
        (job_code / "dwh" / "dwh" / "__pycache__").mkdir()
        (job_code / "dwh" / "dwh" / "__pycache__" / "old.pyc").touch()
        built = build_release(job_code, "dwh", tmp_path / "out")
        with zipfile.ZipFile(built.folder / "wheels" / "dwh-0.1.0-py3-none-any.whl") as wheel:
            packaged = [name for name in wheel.namelist() if name.startswith("dwh/")]
        assert packaged == ["dwh/__init__.py", "dwh/jobs.py"]

    def test_the_jobs_are_described_from_the_wheels_not_from_what_is_on_the_path(
        self,
        write_job_code: WriteJobCode,
        write_project: WriteProject,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        write_project(tmp_path / "other", "jobkit-runtime", describe="raise SystemExit('the wrong one')")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
        build_release(write_job_code(tmp_path / "job_code"), "dwh", tmp_path / "out")

    def test_the_repositorys_own_job_code_is_a_release(self, store: LocalStore, tmp_path: Path) -> None:
        built = build_release(REPOSITORY / "job_code", "dwh", tmp_path / "out")
        assert "dwh.jobs.flights.clean_flights_factory" in [job.module_name for job in built.manifest.jobs]
        assert 1 in built.manifest.envelope_versions
        publish_release(built, store)
        verify_release(store, get_release(store, built.manifest.version))


@pytest.mark.packaging
class TestFailing:
    def test_modules_that_cannot_be_described_are_all_listed(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        problems = (
            {"module": "dwh.jobs.a", "error": "No module named 'pandas'"},
            {"module": "dwh.jobs.b", "error": "division by zero"},
        )
        job_code = write_job_code(tmp_path / "job_code", problems=problems)
        with pytest.raises(ReleaseBuildError) as caught:
            build_release(job_code, "dwh", tmp_path / "out")
        assert "    dwh.jobs.a: No module named 'pandas'\n    dwh.jobs.b: division by zero\nMend them" in str(
            caught.value
        )
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("describe", "message"),
        [
            pytest.param("raise ValueError('oops')", "ended with 1. It said:\n.*oops", id="it crashes"),
            pytest.param("print('hello')", "Invalid JSON.* It said:\n    hello", id="a job prints"),
            pytest.param("print('{}')", "runtime_version: Field required", id="another form"),
            pytest.param("pass", "no output", id="it says nothing"),
        ],
    )
    def test_an_answer_that_is_no_description_is_shown(
        self, write_job_code: WriteJobCode, tmp_path: Path, describe: str, message: str
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code", describe=describe)
        with pytest.raises(ReleaseBuildError, match=f"(?s)could not be described.*{message}"):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_a_failing_builder_is_shown_by_the_end_of_its_output(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code", version="not a version")
        with pytest.raises(ReleaseBuildError) as caught:
            build_release(job_code, "dwh", tmp_path / "out")
        assert f"The wheel of {job_code}/dwh/pyproject.toml could not be built" in str(caught.value)
        assert "not a version" in str(caught.value)
        assert str(caught.value).endswith("Mend what it names and build again.")

    def test_a_missing_build_backend_says_what_to_install(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        pyproject = job_code / "dwh" / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().replace('["hatchling"]', '["hatchling>=999"]'))
        with pytest.raises(ReleaseBuildError, match=r"pip install 'airflow-jobkit\[release\]'"):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_two_wheels_of_one_name_are_refused(
        self, write_job_code: WriteJobCode, write_project: WriteProject, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        write_project(job_code / "second", "DWH", "0.2.0")
        with pytest.raises(ReleaseBuildError, match=r"second/pyproject.toml builds a second wheel .* dwh"):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_a_project_without_a_wheel_is_named_with_the_wheel_that_was_meant(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        with pytest.raises(ReleaseBuildError, match=r"named dhw, as pyproject.toml .*; did you mean dwh\?"):
            build_release(job_code, "dhw", tmp_path / "out")


class TestBeforeBuilding:
    """What is found out without any build tool."""

    def test_no_build_tool_says_what_to_install(
        self, write_job_code: WriteJobCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
        job_code = write_job_code(tmp_path / "job_code")
        with pytest.raises(ReleaseBuildError, match=r"(?s)No module named build.*airflow-jobkit\[release\]"):
            build_release(job_code, "dwh", tmp_path / "out", python="bare/bin/python")

    def test_an_interpreter_that_does_not_exist_is_named(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        with pytest.raises(ReleaseBuildError, match="interpreter /no/python cannot be started"):
            build_release(job_code, "dwh", tmp_path / "out", python="/no/python")

    def test_a_folder_without_wheel_projects_says_where_it_looked(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        (job_code / "dwh" / "pyproject.toml").unlink()
        (job_code / "pyproject.toml").write_text("[tool.ruff]\n")
        with pytest.raises(
            ReleaseBuildError, match=f"(?s){job_code}/pyproject.toml and {job_code}/[*]/pypro"
        ):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_a_malformed_pyproject_is_named(self, write_job_code: WriteJobCode, tmp_path: Path) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        (job_code / "pyproject.toml").write_text("[project\n")
        with pytest.raises(ReleaseBuildError, match=f"{job_code}/pyproject.toml is not TOML: .*line 1"):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_a_folder_without_entry_scripts_is_refused(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        for script in job_code.glob("scripts/*/*"):
            script.unlink()
        with pytest.raises(ReleaseBuildError, match=r"No entry script stands at .*/scripts/<engine>/generic"):
            build_release(job_code, "dwh", tmp_path / "out")

    def test_a_folder_that_holds_something_else_is_not_built_into(
        self, write_job_code: WriteJobCode, tmp_path: Path
    ) -> None:
        job_code = write_job_code(tmp_path / "job_code")
        before = tree(job_code)
        with pytest.raises(ReleaseBuildError, match="holds something that is not a Release"):
            build_release(job_code, "dwh", job_code)
        assert tree(job_code) == before
