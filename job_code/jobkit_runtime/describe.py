"""What jobs a package holds and what each takes, as JSON: `python -m jobkit_runtime.describe dwh`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

import jobkit_runtime
from jobkit_runtime import envelope
from jobkit_runtime.convert import type_text
from jobkit_runtime.errors import JobkitRuntimeError, ModuleNameError
from jobkit_runtime.journal import one_line
from jobkit_runtime.jsonsafe import json_safe
from jobkit_runtime.modules import factory_in
from jobkit_runtime.params import Parameter, Parameters


def describe(packages: Sequence[str]) -> dict[str, object]:
    """Every module below these packages that is a job by itself, sorted, and those that cannot be imported.

    A module that holds several jobs is left out: those are addressed as `package.module:Class`.
    """
    jobs: dict[str, dict[str, object]] = {}
    problems: dict[str, str] = {}
    for name in sorted({module for package in packages for module in _modules(package, problems)}):
        job = _described(name, problems)
        if job is not None:
            jobs[name] = job
    return {
        "runtime_version": jobkit_runtime.__version__,
        "envelope_versions": list(envelope.VERSIONS),
        "jobs": [jobs[name] for name in sorted(jobs)],
        "problems": [{"module": name, "error": problems[name]} for name in sorted(problems)],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Print the description of the packages in argv; what modules print while imported goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m jobkit_runtime.describe", description=describe.__doc__)
    parser.add_argument("packages", nargs="+", metavar="package")
    packages = parser.parse_args(argv).packages
    with contextlib.redirect_stdout(sys.stderr):
        document = describe(packages)
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _modules(name: str, problems: dict[str, str]) -> Iterator[str]:
    """The module and all below it that import; the others are put down as problems."""
    module = _imported(name, problems)
    if module is None:
        return
    yield name
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if info.name != "__main__":
            yield from _modules(f"{name}.{info.name}", problems)


def _imported(name: str, problems: dict[str, str]) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 -- a team's module may raise anything
        problems[name] = one_line(exc)
        return None


def _described(name: str, problems: dict[str, str]) -> dict[str, object] | None:
    try:
        factory = factory_in(importlib.import_module(name))
        return None if factory is None else _job(name, factory.parameters())
    except ModuleNameError:
        return None
    except JobkitRuntimeError as exc:
        problems[name] = one_line(exc)
        return None


def _job(name: str, parameters: Parameters) -> dict[str, object]:
    return {
        "module_name": name,
        "parameters": [_parameter(item) for item in parameters.items],
        "accepts_others": parameters.accepts_others,
    }


def _parameter(item: Parameter) -> dict[str, object]:
    return {
        "name": item.name,
        "type": type_text(item.annotation),
        "required": item.required,
        "default": json_safe(item.default, item.name, lambda _: None),
    }


if __name__ == "__main__":
    main()
