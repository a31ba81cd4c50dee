"""Which places an Engine reaches: one that runs elsewhere sees no folder of the Airflow worker."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_jobkit.errors import EngineError
from airflow_jobkit.spec.code import CodeRoot
from airflow_jobkit.spec.settings import Settings

_ANY_URL = ("data", "datasets")


def refuse_out_of_reach(engine: str, reaches: tuple[str, ...], settings: Settings) -> None:
    """Refuse a project that has a place which its Engine cannot reach: a run would fail, minutes later.

    Args:
        engine: The Engine's name.
        reaches: How the places begin that it reaches. Data may also be at any other URL, since Spark knows
            more kinds of them than anybody lists.
        settings: The project in its Environment.

    Raises:
        EngineError: It has; the message names every such place and what to write instead.
    """
    faults = [
        f"{engine} cannot reach {what} {place}{'' if '://' in place else ' of this machine'}; "
        f"set `{_setting(keys, f'{reaches[0]}...')}` in the environment of jobkit.yaml"
        for what, place, keys in (*_code(settings), *_data(settings))
        if not place.startswith(reaches) and not (keys[0] in _ANY_URL and "://" in place)
    ]
    if faults:
        raise EngineError("\n".join(faults))


def _code(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    code = settings.code
    if isinstance(code, CodeRoot):
        yield "the code root", code.root, ("code", "root")
    else:
        yield "the entry script", code.entry_point, ("code", "entry_point")
        for wheel in code.wheels:
            yield "the wheel", wheel, ("code", "wheels")
    yield "the runs root", settings.runs_root, ("runs",)


def _data(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield "the data root", settings.data_root, ("data", "root")
    for name, dataset in settings.datasets.items():
        # What stands below the data root goes with it.
        if not dataset.path.startswith(f"{settings.data_root}/"):
            yield f"the dataset {name!r} at", dataset.path, ("datasets", name, "path")


def _setting(keys: tuple[str, ...], value: str) -> str:
    """A setting as a line of YAML: `datasets: {flights: {path: s3://...}}`."""
    *outer, last = keys
    text = f"{last}: [{value}]" if last == "wheels" else f"{last}: {value}"
    for key in reversed(outer):
        text = f"{key}: {{{text}}}"
    return text
