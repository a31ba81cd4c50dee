"""One measurement in a process of its own: load the DAGs of a folder, after all imports are paid for.

`python -m bench.contender <maker> <folder> <warm-up folder>` prints one line of JSON.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SETTINGS: Any = None
GLUE_OPTIONS: Any = None
DATABRICKS_OPTIONS: Any = None
"""What plain Python DAGs of Spark jobs share, as they would share a module."""

Loaded = dict[str, Any]


def load_ours(folder: Path) -> Loaded:
    """As a loader of ours does."""
    from airflow_jobkit import load_dags

    namespace: dict[str, Any] = {"__file__": str(folder / "dags" / "jobkit_dags.py")}
    load_dags(namespace)
    return {dag.dag_id: dag for name, dag in namespace.items() if name != "__file__"}


def load_plain(folder: Path) -> Loaded:
    """As Airflow imports a folder of Python files."""
    found: Loaded = {}
    for file in sorted((folder / "plain").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"plain_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[module.dag.dag_id] = module.dag
    return found


def load_dag_factory(folder: Path) -> Loaded:
    """As a loader of dag-factory does."""
    from dagfactory import load_yaml_dags

    namespace: dict[str, Any] = {}
    load_yaml_dags(globals_dict=namespace, dags_folder=str(folder / "yaml"))
    return {name: dag for name, dag in namespace.items() if hasattr(dag, "dag_id")}


LOADERS: dict[str, Callable[[Path], Loaded]] = {
    "ours": load_ours,
    "plain Python": load_plain,
    "dag-factory": load_dag_factory,
}


def measure(maker: str, folder: Path, warm_up: Path) -> dict[str, Any]:
    """Load a folder, after another one that has brought in every import; seconds, DAGs, and memory."""
    load = LOADERS[maker]
    load(warm_up)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    found = load(folder)
    seconds = time.perf_counter() - began
    tasks = {name: len(dag.tasks) for name, dag in found.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "dags": len(found), "tasks": sum(tasks.values()), "peak_kib": peak}


def main(arguments: Iterable[str]) -> None:
    """Measure, and print one line."""
    maker, folder, warm_up, *wanted = arguments
    logging.disable(logging.ERROR)
    _share_settings(Path(folder))
    if wanted:
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = wanted[0]
        os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "t0"
        # The warm-up's only DAG has the same id as the first of every folder.
    print(json.dumps(measure(maker, Path(folder), Path(warm_up))))  # noqa: T201 - for whoever started it


def _share_settings(folder: Path) -> None:
    """Make what the plain Python files of Spark jobs import from here."""
    try:
        from airflow_jobkit.loading.folder import load_project
    except ImportError:  # in the environment of another contender
        return
    settings = load_project(folder / "dags", "local").settings
    assert settings is not None
    module = sys.modules.setdefault("bench.contender", sys.modules[__name__])
    for target in {module, sys.modules[__name__]}:
        vars(target).update(
            SETTINGS=settings,
            GLUE_OPTIONS=settings.options.get("glue"),
            DATABRICKS_OPTIONS=settings.options.get("databricks"),
        )


if __name__ == "__main__":
    main(sys.argv[1:])
