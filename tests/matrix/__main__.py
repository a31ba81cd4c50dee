"""`python -m matrix`: run the matrix under this environment's Airflow, and print it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from matrix import report
from matrix.cells import Cell
from matrix.harness import run_cells
from matrix.scenarios import all_cells
from matrix.stage import LIMIT_SECONDS, Outcome


def main() -> int:
    """Run the cells that are asked for; 1 when one of ours is bad."""
    arguments = _parser().parse_args()
    cells = _chosen(arguments.cells)
    if not cells:
        _say(f"no cell's name holds one of {', '.join(arguments.cells)}; --list shows them")
        return 2
    if arguments.list:
        _say("\n".join(cell.name for cell in cells))
        return 0
    began = time.monotonic()
    outcomes = _run(cells, arguments)
    today = datetime.now(UTC).date()
    took = f"{today}: {len(cells)} cells in {time.monotonic() - began:.0f} s under {_versions()}"
    table, totals = report.table(outcomes), report.totals(outcomes)
    _say(f"\n{report.text(table)}\n\n{report.text(totals)}\n\n{took}")
    if arguments.markdown is not None:
        document = f"{took}\n\n{report.markdown(table)}\n\n{report.markdown(totals)}\n"
        arguments.markdown.write_text(document, encoding="utf-8")
    return int(any(one.findings for one in outcomes if one.cell.maker == "ours"))


def _run(cells: list[Cell], arguments: argparse.Namespace) -> list[Outcome]:
    done = 0

    def progress(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        _say(f"{done:3}/{len(cells)} {report.line(outcome)}")

    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True)
        return run_cells(cells, arguments.keep.resolve(), progress, arguments.limit)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return run_cells(cells, Path(folder), progress, arguments.limit)


def _chosen(parts: list[str]) -> list[Cell]:
    """The cells whose names hold all words of a part, such as `ours glue throttle`."""
    return [
        cell
        for cell in all_cells()
        if not parts or any(all(word in cell.name for word in part.split()) for part in parts)
    ]


def _versions() -> str:
    names = ("apache-airflow", "apache-airflow-providers-amazon", "apache-airflow-providers-databricks")
    return ", ".join(f"{name.removeprefix('apache-airflow-providers-')} {version(name)}" for name in names)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's business is to print


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m matrix", description=__doc__)
    parser.add_argument(
        "cells",
        nargs="*",
        metavar="CELLS",
        help="run only cells whose names hold all these words, such as 'ours glue throttle'; "
        "each further argument adds cells",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the cells, and run none")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, too")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="a new folder for Airflow's logs, to stay"
    )
    parser.add_argument(
        "--limit", type=float, default=LIMIT_SECONDS, help="seconds until a cell hangs (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
