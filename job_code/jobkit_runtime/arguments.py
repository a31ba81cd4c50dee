"""argv into arguments: the runtime's own, the stage's, and the job's.

`--key value` and `--key=value`; `-` and `_` in names are the same; the last of several wins. Two ways of
starting differ in what is the job's:

- With an Envelope, the names it lists, and nothing else. Platforms add arguments of their own to argv (Glue:
  `--JOB_ID`, `--TempDir` and more); those are passed over. A listed name takes the next token whatever it
  looks like, so a value may start with `--`.
- By hand, everything that is left over. A `--key` without a value is a bare flag.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from jobkit_runtime.errors import ArgumentError
from jobkit_runtime.runinfo import Stage
from jobkit_runtime.wording import did_you_mean

_LOG = logging.getLogger(__name__)

ENVELOPE = "jobkit_envelope"
# The Databricks entry script has read it by then: see `jobkit_runtime.driveronly`.
WHEELS = "jobkit_wheels"
OWN = frozenset({"module_name", "notification_service_type", "databricks_connection_name", ENVELOPE, WHEELS})
STAGE = frozenset(field.name for field in fields(Stage))


@dataclass(frozen=True)
class JobArguments:
    """What argv says. `parameters` are still text; None stands for a bare flag."""

    module_name: str
    notification_service_type: str = "NOOP"
    databricks_connection_name: str | None = None
    stage: Stage | None = None
    parameters: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def peek(argv: Sequence[str], wanted: str) -> str | None:
    """The value of one of the runtime's own arguments (the last one), before anything else is understood."""
    found = None
    tokens = iter(argv)
    for token in tokens:
        name, value = _split(token)
        if name == wanted:
            found = next(tokens, "") if value is None else value
    return found


def parse(argv: Sequence[str], job_names: frozenset[str] | None) -> JobArguments:
    """The arguments in argv; `job_names` are those the Envelope lists, None when started by hand.

    Raises:
        ArgumentError: `--module_name` is missing, a value is, or (by hand) a token is no argument at all.
    """
    given = dict(_by_hand(argv) if job_names is None else _with_envelope(argv, job_names))
    own = {name: _value(name, given) for name in OWN & given.keys() if name not in (job_names or ())}
    # A job that has a parameter of a reserved name and is sent it through the Envelope gets it itself.
    reserved = (STAGE & given.keys()) - (job_names or frozenset())
    stage = {name: _value(name, given) for name in reserved}
    if "module_name" not in own:
        raise ArgumentError(_missing_module_name(given))
    return JobArguments(
        module_name=own["module_name"],
        notification_service_type=own.get("notification_service_type") or "NOOP",
        databricks_connection_name=own.get("databricks_connection_name") or None,
        stage=Stage(**stage) if stage else None,
        parameters={name: given[name] for name in given if name not in OWN and name not in stage},
    )


def _split(token: str) -> tuple[str | None, str | None]:
    """Name and value of one token; no name when it is not an argument, no value when it stands alone."""
    name, equals, value = token[2:].partition("=")
    if not token.startswith("--") or not name:
        return None, None
    return name.replace("-", "_"), value if equals else None


def _with_envelope(argv: Sequence[str], job_names: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    tokens = iter(argv)
    for token in tokens:
        name, value = _split(token)
        if name in job_names or name in OWN or name in STAGE:
            yield name or "", next(tokens, None) if value is None else value
        else:
            _LOG.debug("passing over %s", f"--{name}" if name else "a value without a name")


def _by_hand(argv: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    tokens = deque(argv)
    while tokens:
        name, value = _split(tokens.popleft())
        if not name:
            raise ArgumentError(
                f"number {len(argv) - len(tokens)} of the arguments has no name: they are written "
                "--name value or --name=value"
            )
        if value is None and tokens and not tokens[0].startswith("--"):
            value = tokens.popleft()
        yield name, value


def _value(name: str, given: Mapping[str, str | None]) -> str:
    value = given[name]
    if value is None:
        raise ArgumentError(f"--{name} needs a value")
    return value


def _missing_module_name(given: Mapping[str, object]) -> str:
    near = [hint for name in given if name not in OWN and (hint := did_you_mean(name, ["module_name"]))]
    return f"--module_name is required: the module that holds the job{''.join(near[:1])}"
