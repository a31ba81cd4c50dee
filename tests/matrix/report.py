"""The matrix as a table: ours beside the stock operators', as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matrix.scenarios import ends_of
from matrix.stage import Outcome
from matrix.verdict import Finding, Kind

GOOD = "ok"
ABSENT = "-"
ASKED = (Kind.DUPLICATE, Kind.MISSED, Kind.FALSE_SUCCESS, Kind.HANG, Kind.ORPHAN, Kind.LOST_ERROR)
"""What the promise is about; the other kinds are counted below it."""

Row = tuple[str, ...]


def line(outcome: Outcome) -> str:
    """One cell in one line, with what was seen."""
    seen = outcome.seen
    runs = " ".join(run.state for run in seen.runs) or "no run"
    facts = f"{seen.task_state}, {seen.tries} tries, {runs}, {seen.seconds:.0f} s"
    bad = "; ".join(f"{finding.kind.value}: {finding.detail}" for finding in outcome.findings)
    return f"{'BAD' if bad else 'ok '} {outcome.cell.name}: {facts}{f' -- {bad}' if bad else ''}"


def table(outcomes: Sequence[Outcome]) -> list[Row]:
    """The matrix: a row for each scenario, a column for each service and way to wait of each maker."""
    places = list(dict.fromkeys(one.cell.column for one in outcomes))
    columns = [(maker, place) for place in places for maker in _makers(outcomes)]
    found = {
        (one.cell.maker, one.cell.column, one.cell.scenario.name): _words(one.findings) for one in outcomes
    }
    scenarios = list(dict.fromkeys(one.cell.scenario.name for one in outcomes))
    header = ("scenario", *(f"{place}, {maker}" for maker, place in columns))
    rows = [
        (_title(name), *(found.get((maker, place, name), ABSENT) for maker, place in columns))
        for name in scenarios
    ]
    return [header, *rows]


def totals(outcomes: Sequence[Outcome]) -> list[Row]:
    """How often each bad thing happened, for each maker."""
    makers = _makers(outcomes)
    of = {maker: [one for one in outcomes if one.cell.maker == maker] for maker in makers}
    others = [kind for kind in Kind if kind not in ASKED]
    return [
        ("", *makers),
        ("cells", *(str(len(of[maker])) for maker in makers)),
        ("good cells", *(str(sum(not one.findings for one in of[maker])) for maker in makers)),
        *(
            (kind.value, *(str(sum(_has(one, kind) for one in of[maker])) for maker in makers))
            for kind in (*ASKED, *others)
        ),
    ]


def text(rows: Sequence[Row]) -> str:
    """Rows in columns, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruler = tuple("-" * width for width in widths)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (rows[0], ruler, *rows[1:])
    )


def markdown(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown."""
    ruler = tuple("---" for _ in rows[0])
    return "\n".join(
        "| " + " | ".join(cell or " " for cell in row) + " |" for row in (rows[0], ruler, *rows[1:])
    )


def _makers(outcomes: Sequence[Outcome]) -> list[str]:
    return [maker for maker in ("ours", "stock") if any(one.cell.maker == maker for one in outcomes)]


def _words(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.kind.value for finding in findings)) or GOOD


def _has(outcome: Outcome, kind: Kind) -> bool:
    return any(finding.kind is kind for finding in outcome.findings)


def _title(name: str) -> str:
    end = ends_of(name)
    return name.replace("-", " ") if end is None else f"ends as {end}"
