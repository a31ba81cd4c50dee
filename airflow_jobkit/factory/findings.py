"""What building a DAG shows: the error that says it, and how several are gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_jobkit.problems import Issue, Path

RAISED = (Exception, SystemExit)
"""What an imported module or a constructor may raise without taking other DAGs down."""
_MOST_SAID = 500
"""Characters of what an exception says."""


class BuildError(Exception):
    """What only building a DAG shows; `issues` say it, their paths start at the DAG.

    There are none where something that is needed could not be made and that is told elsewhere.
    """

    def __init__(self, *issues: Issue) -> None:
        self.issues = issues
        super().__init__("\n".join(f"{issue.message}; {issue.remedy}" for issue in issues))


class Findings:
    """Gathers what is wrong with several parts, each of which is tried whatever became of the others."""

    def __init__(self) -> None:
        self._issues: list[Issue] = []
        self._failed = False

    def attempt(self, make: Callable[..., Any], *given: Any) -> Any:
        """What a function makes; None where it raises a BuildError, which `refuse` raises again."""
        try:
            return make(*given)
        except BuildError as error:
            self.add(error.issues)
            self._failed = True

    def add(self, issues: Iterable[Issue]) -> None:
        """Take Issues that were found otherwise."""
        self._issues += issues

    def refuse(self) -> None:
        """End here if anything is wrong.

        Raises:
            BuildError: Something is; it holds all Issues.
        """
        if self._issues or self._failed:
            raise self.error()

    def error(self) -> BuildError:
        """What `refuse` raises."""
        return BuildError(*self._issues)


def made_each(given: Mapping[str, Any], make: Callable[[str, Any], Any]) -> dict[str, Any]:
    """What a function makes of each name and value.

    Raises:
        BuildError: It does not of some; what is wrong with all of them.
    """
    made: dict[str, Any] = {}
    errors: list[BuildError] = []
    for name, value in given.items():
        try:
            made[name] = make(name, value)
        except BuildError as error:  # noqa: PERF203 - what is wrong with one does not hide the others
            errors.append(error)
    if errors:
        raise BuildError(*(issue for error in errors for issue in error.issues))
    return made


def told(path: Path, what: str, remedy: str) -> _Telling:
    """Let what Airflow, or an operator, raises become a mistake at a place.

    Args:
        path: The place, in the DAG.
        what: What cannot be done.
        remedy: What to do about it.

    Raises:
        BuildError: Something was raised.
    """
    return _Telling(path, what, remedy)


class _Telling:
    """What `told` does, as a class, since each DAG goes through several."""

    __slots__ = ("_path", "_remedy", "_what")

    def __init__(self, path: Path, what: str, remedy: str) -> None:
        self._path = path
        self._what = what
        self._remedy = remedy

    def __enter__(self) -> None:
        """Nothing has to be done before."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> None:
        if isinstance(error, RAISED) and not isinstance(error, BuildError):
            raise raised(error, self._path, self._what, self._remedy) from error


def raised(error: BaseException, path: Path, what: str, remedy: str) -> BuildError:
    """What `told` raises for what was raised."""
    return BuildError(Issue(path, f"{what}: {said_by(error)}", remedy, "build", at="key"))


def said_by(error: BaseException) -> str:
    """An exception in one line."""
    said = " ".join(str(error).split())
    said = f"{said[:_MOST_SAID]} ..." if len(said) > _MOST_SAID else said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
