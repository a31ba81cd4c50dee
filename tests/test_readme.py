"""The README's examples are executed: its files are written into a copy of the project, its commands run."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from processes import finished
from project_copy import ROOT, ProjectCopy

README = (ROOT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
FILES = {
    match[1]: text
    for language, text in BLOCKS
    if language in ("python", "yaml") and (match := re.match(r"# (\S+)\n", text))
}
CONSOLES = [text for language, text in BLOCKS if language == "console"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A copy of the project with the files that the README writes."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("readme"))
    for name, text in FILES.items():
        file = copy.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return copy


def commands(console: str) -> list[list[str]]:
    """The `$ jobkit ...` lines of a console example, as arguments."""
    return [shlex.split(line.removeprefix("$ jobkit ")) for line in console.splitlines() if line[:2] == "$ "]


def test_every_python_and_yaml_example_names_its_file() -> None:
    assert len(FILES) == sum(language in ("python", "yaml") for language, _ in BLOCKS) == 5


def test_the_loader_in_the_readme_is_the_loader_of_the_repository() -> None:
    shown = FILES["dags/jobkit_dags.py"].partition("\n")[2]
    assert shown == (ROOT / "dags" / "jobkit_dags.py").read_text()


def test_a_mistake_is_shown_as_the_readme_shows_it(project: ProjectCopy) -> None:
    console = CONSOLES[1]
    shown = console.partition("\n")[2]
    place = re.match(r"(?P<file>\S+):(?P<line>\d+):\d+ ", shown)
    assert place
    file = project.folder / place["file"]
    good = file.read_text()
    file.write_text(good.replace("args: {month", "agrs: {month"))
    try:
        (command,) = commands(console)
        validated = project.jobkit(*command)
    finally:
        file.write_text(good)
    assert validated.returncode == 1
    assert validated.stdout.startswith(shown)


@pytest.mark.spark
@pytest.mark.xdist_group("readme")
@pytest.mark.packaging
def test_the_readmes_job_and_dag_run_at_the_version_that_the_command_names(project: ProjectCopy) -> None:
    project.done("sample-data")
    project.done("release", "publish")
    project.done("run", "dags/flights.yaml", "--task", "clean_flights")
    project.edit("job_code/dwh/pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    outputs = [project.done(*command) for command in commands(CONSOLES[0])]
    assert "published dwh 0.2.0" in outputs[0]
    assert "no problems: 5 DAGs in 5 files" in outputs[1]
    assert re.search(r"busy_airports\s.*success.*327,346 .* 1 .*0\.2\.0", outputs[2]), outputs[2]


@pytest.mark.spark
@pytest.mark.xdist_group("readme")
def test_the_readmes_test_of_a_job_passes(project: ProjectCopy) -> None:
    (name,) = [name for name in FILES if name.startswith("tests/")]
    path = f"pythonpath={project.folder / 'job_code'} {project.folder / 'job_code' / 'dwh'} {ROOT / 'tests'}"
    done = finished(
        [sys.executable, "-m", "pytest", "-q", "-p", "spark_session", "-o", path, "--rootdir", ".", name],
        cwd=project.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "PYTHONPATH": str(ROOT / "tests")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
