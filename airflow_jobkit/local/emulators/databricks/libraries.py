"""The wheels that are installed on clusters."""

from __future__ import annotations

import io
import re
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

from airflow_jobkit.local.emulators.scripts import ObjectMissingError


class InstallationError(Exception):
    """A wheel could not be installed; the message says why, as the service would."""


class Libraries:
    """What is installed where.

    Libraries of a cluster are shared by all that runs on it, and stay for as long as it exists: the first
    version of a distribution that a run brings to an existing cluster is the one that later runs import.

    Args:
        folder: Where the wheels are kept, a folder for each cluster.
        read: The bytes of a wheel by its name in the workspace.
    """

    def __init__(self, folder: Path, read: Callable[[str], bytes]) -> None:
        self._folder = folder
        self._read = read
        self._lock = threading.Lock()

    def install(self, cluster: str, wheels: tuple[str, ...]) -> list[str]:
        """Install wheels on a cluster; the paths of all wheels that are installed there now.

        Raises:
            InstallationError: A wheel is not there or is no wheel.
        """
        folder = self._folder / re.sub(r"[^\w.-]", "_", cluster)
        with self._lock:
            for wheel in wheels:
                self._install(cluster, folder, wheel)
            return sorted(map(str, folder.glob("*.whl")))

    def remove(self, cluster: str) -> None:
        """Forget a cluster that is gone."""
        shutil.rmtree(self._folder / re.sub(r"[^\w.-]", "_", cluster), ignore_errors=True)

    def _install(self, cluster: str, folder: Path, wheel: str) -> None:
        try:
            content = self._read(wheel)
        except ObjectMissingError:
            raise _failed(cluster, wheel, f"java.io.FileNotFoundException: No such file: {wheel}") from None
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise _failed(cluster, wheel, f"ERROR: Wheel '{_file_name(wheel)}' is invalid.")
        installed = {_distribution(file.name) for file in folder.glob("*.whl")}
        if _distribution(_file_name(wheel)) not in installed:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _file_name(wheel)).write_bytes(content)


def _failed(cluster: str, wheel: str, reason: str) -> InstallationError:
    return InstallationError(
        f'Library installation failed for library due to user error for whl: "{wheel}"\n'
        " Error messages:\n"
        f"Library installation attempted on the driver node of cluster {cluster} and failed. "
        "Please refer to the following error message to fix the library or contact Databricks support. "
        f"Error Code: DRIVER_LIBRARY_INSTALLATION_FAILURE. Error Message: {reason}"
    )


def _file_name(wheel: str) -> str:
    return wheel.rpartition("/")[2]


def _distribution(file_name: str) -> str:
    """The normalized name of a wheel's distribution."""
    return re.sub(r"[-_.]+", "_", file_name.partition("-")[0]).lower()
