"""The arguments of a provider's stock operator: which of them an operator of ours honours."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.errors import StockArgumentError

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def refuse_others(
    stock: type, honoured: Collection[str], ours: Mapping[str, str], given: Mapping[str, Any]
) -> None:
    """Refuse every argument of a stock operator that is set and would have no effect.

    An argument that no class knows is left to Airflow, which has its own error for it.

    Args:
        stock: The stock operator; its arguments are read from the class, so any provider version will do.
        honoured: The stock arguments that mean the same here.
        ours: What to do instead, by stock argument: a clause such as "set `glue: {job_name: ...}`".
        given: The keyword arguments as an operator's `__init__` got them. Airflow puts the merged
            `default_args` of task, task group and DAG among them; these count as set.

    Raises:
        StockArgumentError: Some are set; the message names them all, and what to do instead.
    """
    defaults = given.get("default_args") or {}
    refused = [
        name
        for name in dict.fromkeys(stock_arguments(stock))
        if name not in honoured and (name in given or name in defaults)
    ]
    if refused:
        reasons = [
            f"`{name}`{'' if name in given else ' (in default_args)'}: {ours.get(name, 'take it out')}"
            for name in refused
        ]
        raise StockArgumentError(
            f"set for {stock.__name__}, without effect on a Spark job: {'; '.join(reasons)}"
        )


def stock_arguments(stock: type) -> Iterator[str]:
    """The named arguments that a stock operator's classes take, without those of every operator."""
    for owner in stock.__mro__:
        if owner is BaseOperator:
            return
        if "__init__" in vars(owner):
            # Airflow wraps every `__init__`; the signature is that of the function inside.
            parameters = iter(inspect.signature(vars(owner)["__init__"]).parameters.values())
            next(parameters)  # self
            yield from (parameter.name for parameter in parameters if parameter.kind not in _VARIADIC)
