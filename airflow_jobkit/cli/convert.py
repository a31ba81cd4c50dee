"""`jobkit convert`: DAGs from elsewhere to our YAML."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from airflow_jobkit.cli.project import missing
from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.files import convert_file
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.bounds import capped
from airflow_jobkit.loading.layers import DEFAULTS_FILES
from airflow_jobkit.loading.listing import PROJECT_FILE
from airflow_jobkit.problems import counted


def run(arguments: argparse.Namespace) -> int:
    """Convert the files; 1 if something could not be carried, 2 if they cannot be written there."""
    files: Sequence[Path] = arguments.files
    targets = _targets(files, arguments.out)
    wrong = _wrong(arguments.out, targets)
    if wrong is not None:
        print(f"jobkit: {wrong}", file=sys.stderr)
        return 2
    conversions = [convert_file(_existing(file)) for file in files]
    if arguments.out is not None and not arguments.check:
        _write(list(zip(conversions, files, targets, strict=True)), force=arguments.force)
    elif not arguments.check:
        _print(conversions)
    for conversion in conversions:
        _tell(conversion)
    return 1 if any(conversion.left for conversion in conversions) else 0


def _existing(file: Path) -> Path:
    if not file.exists():
        raise JobkitError(missing(file, "correct the path"))
    if file.is_dir():
        raise JobkitError(f"{file} is a folder; name the files in it, such as {file}/*.yaml or {file}/*.py")
    return file


def _targets(files: Sequence[Path], out: Path | None) -> list[Path]:
    """Where each file is written to: `out` itself, or a file of its name in that folder."""
    if out is None:
        return list(dict.fromkeys(files))
    if len(files) == 1 and _is_file(out):
        return [out]
    return [out / f"{file.stem}.yaml" for file in files]


def _is_file(out: Path) -> bool:
    """Whether what is written to is meant as a file."""
    return out.suffix in (".yaml", ".yml") and not out.is_dir()


def _wrong(out: Path | None, targets: Sequence[Path]) -> str | None:
    """What is wrong with where it is written to, and what to do."""
    if out is not None and len(targets) > 1 and _is_file(out):
        return f"{out} is one file, and there are {len(targets)} to write; name a folder"
    for target in targets:
        if out is not None and target.name in (PROJECT_FILE, *DEFAULTS_FILES):
            return f"{target} would hold no DAGs, by its name; give the file another one"
    if len(set(targets)) < len(targets):
        return "two files would be written to one place; give them folders of their own"
    return None


def _print(conversions: Sequence[Conversion]) -> None:
    texts = [(one.file, one.text) for one in conversions if one.text is not None]
    for position, (file, text) in enumerate(texts):
        if len(texts) > 1:
            print(f"{'' if not position else chr(10)}# from {file}")
        print(text, end="" if text.endswith("\n") else "\n")


def _write(converted: Sequence[tuple[Conversion, Path, Path]], *, force: bool) -> None:
    """Write the YAML of each file, or nothing where something stands in its place.

    Raises:
        JobkitError: Something stands there.
    """
    wanted = [
        (conversion, file, target)
        for conversion, file, target in converted
        if conversion.text is not None and not (conversion.unchanged and target.resolve() == file.resolve())
    ]
    for _, _, target in wanted:
        if target.exists() and not force:
            raise JobkitError(f"{target} is there already; remove it, or write over it with --force")
    for conversion, file, target in wanted:
        data = file.read_bytes() if conversion.unchanged else (conversion.text or "").encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        print(f"wrote {target}")


def _tell(conversion: Conversion) -> None:
    """Say on the side what could not be carried, and what to know."""
    for problem in capped(conversion.left):
        print(problem.text(), file=sys.stderr)
    for note in conversion.notes:
        print(f"note: {note}", file=sys.stderr)
    print(_summary(conversion), file=sys.stderr)


def _summary(conversion: Conversion) -> str:
    """`flights.py: 1 DAG, 2 things not carried`."""
    left = f"{counted(len(conversion.left), 'thing')} not carried" if conversion.left else "all of it carried"
    if conversion.text is None:
        return f"{conversion.file}: nothing converted"
    dags = counted(conversion.dags, "DAG")
    if conversion.unchanged and not conversion.left:
        return f"{conversion.file}: {dags}; it loads as it is, and is left as it is"
    return f"{conversion.file}: {dags}, {left}"
