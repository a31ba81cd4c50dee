"""Functions of Python files in the DAGs folder, loaded when a DAG that names them is built.

Airflow runs the Python files of that folder itself, so nothing runs here that could not run anyway. Each file
becomes a module under a name of its own, which no import of anybody's can mean; it is loaded once, and again
when it has changed. A file that fails leaves no module behind.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any

from airflow_jobkit.factory.building import function
from airflow_jobkit.factory.findings import BuildError, told
from airflow_jobkit.loading.files import FileOfDag
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.file_functions import FileFunction

_PREFIX = "jobkit_dag_file_"
_Version = tuple[int, int]
_loaded: dict[str, _Version] = {}
"""The version of the file that each of these modules was made from; none while its file runs."""


def named_function(named: str | FileFunction, folder: str, path: Path) -> Any:
    """The function that a YAML names, by its import path or by file and name; it is not called here.

    Args:
        named: The function.
        folder: The DAGs folder.
        path: Where the YAML names it, in its DAG.

    Raises:
        BuildError: There is none, or it may not be called.
    """
    return function_of_file(named, folder, path) if isinstance(named, FileFunction) else function(named, path)


def function_of_file(ref: FileFunction, folder: str, path: Path) -> Any:
    """The function that a YAML names by file and name; it is not called here.

    Args:
        ref: The function.
        folder: The DAGs folder.
        path: Where the YAML names it, in its DAG.

    Raises:
        BuildError: There is none, or its file cannot be run.
    """
    file = FileOfDag(ref.file, FilePath(folder))
    mistake = file.mistake()
    if mistake is not None:
        raise BuildError(Issue(path, *mistake))
    with told(path, f"{ref.file} cannot be loaded", "correct that file"):
        module = _module(file.path)
    found = getattr(module, ref.name, None)
    if not callable(found) or isinstance(found, type):
        message, remedy = f"{ref.name} of {ref.file} is no function", "name a function that the file defines"
        raise BuildError(Issue(path, message, remedy, "no-function"))
    return found


def _module(file: FilePath) -> ModuleType:
    """The module of a file, as it is now."""
    name = f"{_PREFIX}{hashlib.sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    stat = file.stat()
    version = (stat.st_mtime_ns, stat.st_size)
    if _loaded.get(name) == version and name in sys.modules:
        return sys.modules[name]
    if _loaded.pop(name, None) is None and name in sys.modules:
        raise ImportError("it loads the DAGs that name it")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # noqa: S101 - the name ends in .py
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    # There while the file runs: dataclasses and type hints look their module up.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _loaded[name] = version
    return module
