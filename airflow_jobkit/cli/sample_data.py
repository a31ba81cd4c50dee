"""`jobkit sample-data`: the raw flights, where their dataset is."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from airflow_jobkit.cli.project import dags_folder_of, settings_of
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.local.sample_data import DATASET, SampleData, write_flights
from airflow_jobkit.release.s3 import S3_SCHEME


def sample_data(arguments: argparse.Namespace) -> int:
    """Write the sample data and say where it is.

    Raises:
        JobkitError: The project has no dataset for it, or the package with it is not installed.
    """
    settings = settings_of(dags_folder_of(arguments.dags), arguments.env)
    dataset = settings.datasets.get(DATASET)
    if dataset is None or ("://" in dataset.path and not dataset.path.startswith(S3_SCHEME)):
        raise JobkitError(
            f"the sample data goes to a CSV file in a folder or on s3://, the dataset `{DATASET}` of "
            f"jobkit.yaml; in {settings.environment} it is {dataset.path if dataset else 'not there'}"
        )
    console = Console(stderr=True)
    data = _write(dataset.path, console)
    verb = "wrote" if data.written else "already there:"
    print(f"{verb} {data.location} ({data.size / 1e6:.1f} MB)")
    return 0


def _write(target: str, console: Console) -> SampleData:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("writing the flights of 2013", total=None)
        return write_flights(target, lambda done, total: progress.update(bar, completed=done, total=total))
