"""Recompile the pin files of this folder.

`make pins` makes dev.txt and dag-factory.txt anew, with the newest versions that dev.in allows.
`make pins MWAA=<folder>` also makes mwaa-<version>.txt for every <folder>/<version>/ that holds
airflow_constraints.txt and essential_constraints.txt, as Amazon MWAA publishes them.
"""
# ruff: noqa: T201 -- a script's business is to print

import argparse
import re
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).resolve().parent
DEV_PYTHON = "3.11"
"""The oldest Python that dev.txt holds for."""

DEV_HEADER = """\
# The development environment: every tool at an exact version, for Python 3.11 to 3.13.
# Made from dev.in by `make pins`; do not edit by hand.
"""
BENCH_HEADER = """\
# What `make bench` compares with, in an environment of its own: the versions of dev.txt, and dag-factory.
# Made from dag-factory.in by `make pins`; do not edit by hand.
"""
MWAA_HEADER = """\
# python: {python}
# Amazon MWAA {version}: made from mwaa-core.in by `make pins`, do not edit by hand.
# How: uv pip compile under MWAA's published constraints for {version}.
"""

Pins = dict[str, str]


def main() -> int:
    """Recompile dev.txt, dag-factory.txt and, when a folder of constraints is given, the MWAA pins."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mwaa", type=Path, metavar="FOLDER", help="holds <version>/airflow_constraints.txt")
    parser.add_argument("--uv", default="uv", help="the uv to compile with")
    options = parser.parse_args()
    try:
        compile_dev(options.uv)
        compile_bench(options.uv)
        if options.mwaa:
            for folder in mwaa_folders(options.mwaa):
                compile_mwaa(options.uv, folder)
    except PinError as error:
        print(f"pins: {error}", file=sys.stderr)
        return 1
    return 0


def compile_dev(uv: str) -> None:
    """Write dev.txt: one set of versions for all supported Pythons, hence the fewest forks."""
    flags = ["--universal", "--fork-strategy", "fewest", "--python-version", DEV_PYTHON]
    write(PINS / "dev.txt", DEV_HEADER + resolve(uv, PINS / "dev.in", flags))


def compile_bench(uv: str) -> None:
    """Write dag-factory.txt: the versions of dev.txt, and dag-factory."""
    flags = ["--universal", "--fork-strategy", "fewest", "--python-version", DEV_PYTHON]
    flags += ["--constraints", str(PINS / "dev.txt")]
    write(PINS / "dag-factory.txt", BENCH_HEADER + resolve(uv, PINS / "dag-factory.in", flags))


def compile_mwaa(uv: str, folder: Path) -> None:
    """Write mwaa-<version>.txt, and make sure that it holds MWAA's versions exactly."""
    constraints = sorted(folder.glob("*_constraints.txt"))
    python = python_of(folder / "airflow_constraints.txt")
    flags = ["--python-version", python, "--python-platform", "linux"]
    flags += [argument for path in constraints for argument in ("--constraints", str(path))]
    own = PINS / f"mwaa-core-{folder.name}.in"
    pins = resolve(uv, own if own.exists() else PINS / "mwaa-core.in", flags)
    check(folder.name, pins, constraints)
    write(PINS / f"mwaa-{folder.name}.txt", MWAA_HEADER.format(python=python, version=folder.name) + pins)


def mwaa_folders(root: Path) -> list[Path]:
    """Return the folders of constraints in `root`, one for each MWAA version."""
    folders = sorted(path.parent for path in root.glob("*/airflow_constraints.txt"))
    if not folders:
        msg = f"no <version>/airflow_constraints.txt in {root}"
        raise PinError(msg)
    return folders


def python_of(constraints: Path) -> str:
    """Return the Python version that a constraint file names as its own (`constraints-3.12.txt`)."""
    found = re.search(r"/constraints-(\d+\.\d+)\.txt", constraints.read_text())
    if not found:
        msg = f"{constraints} does not say which Python it is for"
        raise PinError(msg)
    return found[1]


def resolve(uv: str, requirements: Path, flags: list[str]) -> str:
    """Return what `uv pip compile` makes of `requirements`: plain `name==version` lines."""
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *flags]
    done = subprocess.run([*command, str(requirements)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        msg = f"{requirements.name} does not resolve with {' '.join(flags)}"
        raise PinError(msg)
    return done.stdout


def check(version: str, pins: str, constraints: list[Path]) -> None:
    """Make sure that every distribution that MWAA pins has MWAA's version."""
    wanted: Pins = {}
    for path in constraints:
        wanted |= parse(path.read_text())
    wrong = [
        f"  {name}: {got}, MWAA has {wanted[name]}"
        for name, got in parse(pins).items()
        if name in wanted and wanted[name] != got
    ]
    if parse(pins).get("apache-airflow") != version:
        wrong.append(f"  apache-airflow: {parse(pins).get('apache-airflow')}, the folder says {version}")
    if wrong:
        msg = f"mwaa-{version}.txt would not be what MWAA runs:\n" + "\n".join(wrong)
        raise PinError(msg)


def parse(text: str) -> Pins:
    """Return the `name==version` lines of a pin or constraint file, by normalised name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;#]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def write(path: Path, text: str) -> None:
    """Write a pin file and say so."""
    path.write_text(text)
    print(f"{path.name}: {len(parse(text))} pins")


class PinError(Exception):
    """The pins cannot be made; the message says why."""


if __name__ == "__main__":
    sys.exit(main())
