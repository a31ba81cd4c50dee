"""`python -m bench`: how long DAGs take to load, as ratios in one run.

Every round runs each contender once in a fresh process, one after the other, so that what else the machine
does hits all of them alike; what counts is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import report
from bench.folders import Folders
from bench.report import Row, Sample, memory_ratio, milliseconds, ratio

SIZES = (1, 100, 1000)
KINDS = ("operator", "spark_job")
_ROUNDS_OF_ONE = 3
TESTS = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measure and print; 0 whether or not the targets are met: a busy machine is no mistake."""
    arguments = _parser().parse_args()
    sizes = SIZES[:2] if arguments.quick else SIZES
    rounds = 3 if arguments.quick else arguments.rounds
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.dag_factory, rounds)
        rows = [*bench.loading(sizes), *bench.one_task(sizes[-1]), *bench.commands(sizes[-1])]
    names = ("apache-airflow", "apache-airflow-providers-amazon", "apache-airflow-providers-databricks")
    versions = ", ".join(
        f"{name.removeprefix('apache-airflow-providers-')} {version(name)}" for name in names
    )
    took = (
        f"{datetime.now(UTC).date()}: {rounds} rounds in {time.monotonic() - began:.0f} s, "
        f"Python {sys.version.split()[0]}, {versions}, dag-factory 1.1.0"
    )
    _say(f"\n{report.text(rows)}\n\n{took}")
    if arguments.markdown is not None:
        arguments.markdown.write_text(f"{took}\n\n{report.markdown(rows)}\n", encoding="utf-8")
    return 0


class Bench:
    """The measurements.

    Args:
        folder: An empty folder.
        dag_factory: The interpreter of an environment with dag-factory; None: not compared with.
        rounds: How often each is measured.
    """

    def __init__(self, folder: Path, dag_factory: str | None, rounds: int) -> None:
        self._folder = folder
        self._rounds = rounds
        self._interpreters = {"ours": sys.executable, "plain Python": sys.executable}
        if dag_factory is not None:
            self._interpreters["dag-factory"] = dag_factory
        self._made: dict[tuple[str, int], Folders] = {}

    def loading(self, sizes: Sequence[int]) -> Iterator[Row]:
        """Loading whole folders."""
        for kind in KINDS:
            for size in sizes:
                makers = [m for m in self._interpreters if kind == "operator" or m != "dag-factory"]
                found = self._rounds_of(makers, kind, size)
                ours, plain = found["ours"], found["plain Python"]
                what = f"{kind}: {size:,} {'DAG' if size == 1 else 'DAGs'}"
                times = f"{milliseconds(ours, size):.2f} ms a DAG"
                against = ratio(ours, plain)
                yield Row(f"{what}, to plain Python", f"{against:.2f} times ({times})", against, most=1.75)
                memory = memory_ratio(ours, plain)
                yield Row(f"{what}, memory to plain Python", f"{memory:.2f} times", memory, most=1.3)
                if "dag-factory" in found:
                    faster = ratio(found["dag-factory"], ours)
                    yield Row(f"{what}, to dag-factory", f"{faster:.1f} times as fast", faster, least=4)
                    limit = ratio(found["dag-factory"], plain)
                    yield Row(f"{what}, plain Python to dag-factory", f"{limit:.1f} times as fast", limit)

    def one_task(self, size: int) -> Iterator[Row]:
        """Getting the DAG of one task out of many files: from one of its name, or of another, anywhere."""
        wanted = "spark_job_0000"
        folder = self._folders("spark_job", size).dags
        named = folder / f"{wanted}.yaml"
        places = {
            "a file of its name": named,
            "a file of another name, half-way": folder / f"spark_job_{size // 2:04}_a.yaml",
            "a file of another name, the last": folder / "zz_last.yaml",
        }
        alone: list[Sample] = []
        among: dict[str, list[Sample]] = {what: [] for what in places}
        for number in range(_ROUNDS_OF_ONE * self._rounds):
            _say(f"one task, {size:,}: round {number + 1} of {_ROUNDS_OF_ONE * self._rounds}")
            alone.append(self._measured("ours", "spark_job", 1, wanted))
            for what, place in places.items():
                named.rename(place)
                among[what].append(self._measured("ours", "spark_job", size, wanted))
                place.rename(named)
        for what, found in among.items():
            against, taken = ratio(found, alone), milliseconds(found, 1)
            title = f"one task's DAG out of {size:,} files, in {what}"
            yield Row(f"{title}, to that file alone", f"{against:.2f} times", against, most=1.5)
            yield Row(f"{title}, over the imports", f"{taken:.1f} ms", taken, most=25)

    def commands(self, size: int) -> Iterator[Row]:
        """The commands that people wait for."""
        folder = self._folders("spark_job", size).dags
        validate = [self._command("validate", str(folder)) for _ in range(self._rounds)]
        seconds = milliseconds(validate, 1) / 1000
        yield Row(f"jobkit validate on {size:,} files", f"{seconds:.2f} s", seconds, most=3)
        shown = [self._command("--help") for _ in range(self._rounds)]
        taken = milliseconds(shown, 1)
        yield Row("jobkit --help", f"{taken:.0f} ms", taken, most=150)

    def _rounds_of(self, makers: Sequence[str], kind: str, size: int) -> Mapping[str, list[Sample]]:
        found: dict[str, list[Sample]] = {maker: [] for maker in makers}
        # One DAG takes milliseconds, which whatever else the machine does can double.
        rounds = _ROUNDS_OF_ONE * self._rounds if size == 1 else self._rounds
        for number in range(rounds):
            _say(f"{kind}, {size:,}: round {number + 1} of {rounds}")
            for maker in makers:
                found[maker].append(self._measured(maker, kind, size))
        return found

    def _measured(self, maker: str, kind: str, size: int, *wanted: str) -> Sample:
        folder, warm_up = self._folders(kind, size), self._folders(kind, 1)
        done = subprocess.run(
            [
                self._interpreters[maker],
                *("-m", "bench.contender", maker, str(folder.root), str(warm_up.root), *wanted),
            ],
            env=self._environment(),
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        result = json.loads(done.stdout.splitlines()[-1])
        expected = 1 if wanted else size
        if (result["dags"], result["tasks"]) != (expected, 5 * expected):
            raise SystemExit(f"{maker} loaded {result['dags']} DAGs of {kind}, not {expected}")
        return Sample(result["seconds"], result["peak_kib"])

    def _command(self, *arguments: str) -> Sample:
        began = time.perf_counter()
        command = [str(Path(sys.executable).with_name("jobkit")), *arguments]
        subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.DEVNULL)
        return Sample(time.perf_counter() - began)

    def _folders(self, kind: str, size: int) -> Folders:
        if (kind, size) not in self._made:
            root = self._folder / f"{kind}-{size}"
            self._made[kind, size] = Folders(root, kind, size).write()
        return self._made[kind, size]

    def _environment(self) -> dict[str, str]:
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "JOBKIT", "_AIRFLOW"))
        }
        return {
            **own,
            "AIRFLOW_HOME": str(self._folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "false",
            "JOBKIT_ENV": "local",
            "PYTHONPATH": str(TESTS),
            # dag-factory tells its makers of every load otherwise.
            "DO_NOT_TRACK": "true",
        }


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's business is to print


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1 and 100 DAGs only, and 3 rounds")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds (default: %(default)s)")
    parser.add_argument("--dag-factory", metavar="PYTHON", help="an interpreter that has dag-factory 1.1.0")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
