"""What is built is what runs: the wheel of airflow-jobkit, taken apart and used."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from processes import finished
from project_copy import ROOT

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_alone_with_its_types_plugin_and_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.partition("/")[0] for name in names}
    assert packages == {"airflow_jobkit", "airflow_jobkit-0.1.0.dist-info"}
    assert {"airflow_jobkit/py.typed", "airflow_jobkit/local/plugins/jobkit_progress.py"} <= set(names)
    assert "airflow_jobkit-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_wheel_names_its_provider_and_its_command(wheel: Path) -> None:
    entry_points = zipfile.ZipFile(wheel).read("airflow_jobkit-0.1.0.dist-info/entry_points.txt").decode()
    assert "[apache_airflow_provider]" in entry_points
    assert "provider_info = airflow_jobkit.provider:get_provider_info" in entry_points
    assert "jobkit = airflow_jobkit.cli:main" in entry_points


def test_what_is_in_the_wheel_validates_the_repositorys_dags(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import airflow_jobkit, sys; from airflow_jobkit.cli import main; print(airflow_jobkit.__file__); "
    done = finished(
        [sys.executable, "-c", code + f"sys.exit(main(['validate', {str(ROOT / 'dags')!r}]))"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(str(tmp_path))
    assert "no problems: 3 DAGs in 3 files" in done.stdout
