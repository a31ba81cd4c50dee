"""What differs between two Sides, DAG by DAG, in each Environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_jobkit.cli.differences import Change, Kind, changes, dag_changes
from airflow_jobkit.cli.sides import Rendered, Side, environments_of, rendered
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.problems import Problem, choices_remedy


@dataclass(frozen=True)
class Difference:
    """What differs of one DAG, or of the project.

    Attributes:
        dag_id: The DAG; None for the project.
        kind: Whether there is such a DAG on one side alone.
        file: Where it stands, on the second side if it is there.
        changes: What differs, by the Environments in which it does.
    """

    dag_id: str | None
    kind: Kind
    file: str
    changes: tuple[tuple[tuple[str, ...], tuple[Change, ...]], ...]


@dataclass(frozen=True)
class Compared:
    """Everything that differs between two Sides.

    Attributes:
        before: The name of the first Side.
        after: The name of the second.
        environments: The Environments that both have, and were compared for.
        differences: What differs; the project first, then the DAGs by id.
        same: How many DAGs are the same in each of them.
        left_out: The DAGs that one of the Sides has and the other may have, in a file with Problems.
        problems: What is wrong on the Sides.
    """

    before: str
    after: str
    environments: tuple[str, ...]
    differences: tuple[Difference, ...]
    same: int
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]


def compare(before: Side, after: Side, environment: str | None, base: Path) -> Compared:
    """Compare two Sides in an Environment, or in all that they have.

    Args:
        before: The first Side.
        after: The second Side.
        environment: The Environment's name; None for all.
        base: Where relative places start.

    Raises:
        JobkitError: Neither Side has the Environment.
    """
    names = {one: environments_of(one) for one in (before, after)}
    known = tuple(dict.fromkeys((*names[before], *names[after])))
    if environment is not None:
        if environment not in known:
            raise JobkitError(f"no environment {environment!r}; {choices_remedy(environment, known)}")
        known = (environment,)
    both = tuple(name for name in known if name in names[before] and name in names[after])
    pairs = {name: (rendered(before, name, base), rendered(after, name, base)) for name in both}
    found = _Found(pairs)
    apart = tuple(
        Change("added" if name in names[after] else "removed", ("environments", name))
        for name in known
        if name not in both
    )
    differences = [one for one in (found.project(after, apart), *found.dags()) if one is not None]
    unread = [_unread(one, base) for one in (before, after) if not names[one]]
    return Compared(
        before.name,
        after.name,
        both,
        tuple(differences),
        found.same,
        found.left_out,
        tuple(sorted({*found.problems, *(problem for some in unread for problem in some)})),
    )


def _unread(one: Side, base: Path) -> tuple[Problem, ...]:
    """Why a Side has no Environment at all."""
    return rendered(one, "", base).problems


class _Found:
    """What the Environments of two Sides differ in."""

    def __init__(self, pairs: Mapping[str, tuple[Rendered, Rendered]]) -> None:
        self._pairs = pairs
        self.problems = {problem for pair in pairs.values() for one in pair for problem in one.problems}
        ids = sorted({dag_id for pair in pairs.values() for one in pair for dag_id in one.dags})
        self.left_out = tuple(dag_id for dag_id in ids if self._is_uncertain(dag_id))
        self._ids = [dag_id for dag_id in ids if dag_id not in self.left_out]
        self.same = 0

    def project(self, after: Side, apart: tuple[Change, ...]) -> Difference | None:
        """What differs of the project itself."""
        by_environment = {
            name: tuple(changes(first.project, second.project))
            for name, (first, second) in self._pairs.items()
            if first.project is not None and second.project is not None
        }
        found = (*(((), apart),) * bool(apart), *_gathered(by_environment))
        return Difference(None, "changed", f"{after.shown}jobkit.yaml", found) if found else None

    def dags(self) -> list[Difference]:
        """What differs of each DAG."""
        found = []
        for dag_id in self._ids:
            difference = self._dag(dag_id)
            if difference is None:
                self.same += 1
            else:
                found.append(difference)
        return found

    def _dag(self, dag_id: str) -> Difference | None:
        firsts = {name: pair[0].dags.get(dag_id) for name, pair in self._pairs.items()}
        seconds = {name: pair[1].dags.get(dag_id) for name, pair in self._pairs.items()}
        files = [one.files[dag_id] for pair in self._pairs.values() for one in pair if dag_id in one.files]
        kind: Kind = "changed"
        if not any(firsts.values()):
            kind = "added"
        elif not any(seconds.values()):
            kind = "removed"
        found = _gathered(
            {
                name: tuple(dag_changes(firsts[name] or {}, seconds[name] or {}))
                for name in self._pairs
                if firsts[name] or seconds[name]
            }
        )
        return Difference(dag_id, kind, files[-1], found) if found else None

    def _is_uncertain(self, dag_id: str) -> bool:
        """Whether a Side lacks a DAG somewhere, and may do so for its mistakes alone."""
        for pair in self._pairs.values():
            for one, other in (pair, reversed(pair)):
                if dag_id in one.dags and dag_id not in other.dags and _may_hold(other, one, dag_id):
                    return True
        return False


def _may_hold(broken: Rendered, good: Rendered, dag_id: str) -> bool:
    """Whether a Side without a DAG has a mistake that may be the reason.

    That is one in the DAG, or in a file of the name that the DAG's has on the other Side, or in what holds
    for all DAGs.
    """
    if broken.project is None:
        return True
    name = Path(good.files[dag_id]).name
    return any(
        problem.where.partition(".")[0] == dag_id
        or Path(problem.file).name in (name, "jobkit.yaml", "defaults.yaml", "defaults.yml")
        for problem in broken.problems
    )


def _gathered(
    by_environment: Mapping[str, Sequence[Change]],
) -> tuple[tuple[tuple[str, ...], tuple[Change, ...]], ...]:
    """The changes, each once, by the Environments that have it; what all have comes first."""
    environments: dict[int, tuple[Change, list[str]]] = {}
    order: list[Change] = []
    for name, found in by_environment.items():
        for change in found:
            if change not in order:
                order.append(change)
            environments.setdefault(order.index(change), (change, []))[1].append(name)
    grouped: dict[tuple[str, ...], list[Change]] = {}
    for change, names in environments.values():
        grouped.setdefault(tuple(names), []).append(change)
    largest_first = sorted(grouped.items(), key=lambda item: -len(item[0]))
    return tuple((names, tuple(found)) for names, found in largest_first)
