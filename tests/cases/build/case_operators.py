"""What the cases beside this file name."""

from __future__ import annotations

from typing import Any

from airflow_jobkit._compat import BaseNotifier, BaseOperator


class CopyOperator(BaseOperator):
    """Copies a table."""

    template_fields = ("table",)

    def __init__(self, *, table: str, target: str, mode: str = "append", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if mode not in ("append", "replace"):
            raise ValueError(f"mode is append or replace, not {mode}")
        self.table = table


class Pager(BaseNotifier):
    """Calls somebody."""

    def __init__(self, *, channel: str) -> None:
        super().__init__()

    def notify(self, context: Any) -> None:
        """Call nobody."""


class Helper:
    """Is no operator."""


def report(month: int, rows: int = 10) -> None:
    """Report nothing."""


LIMIT = 10
