"""Of a stock operator's arguments only those that have an effect are taken, whoever sets them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.errors import StockArgumentError
from airflow_jobkit.operators.stock import refuse_others, stock_arguments


class StockBase(BaseOperator):
    def __init__(self, *, conn_id: str = "default", **kwargs: Any) -> None:
        super().__init__(**kwargs)


class StockOperator(StockBase):
    def __init__(self, *, script: str | None = None, workers: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def test_the_arguments_are_those_of_all_stock_classes_and_not_those_of_every_operator() -> None:
    assert list(stock_arguments(StockOperator)) == ["script", "workers", "conn_id"]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="none"),
        pytest.param({"conn_id": "a"}, id="one that is honoured"),
        pytest.param({"default_args": {"conn_id": "a", "retries": 2}}, id="default_args that are honoured"),
        pytest.param({"task_id": "a", "retries": 2}, id="those of every operator"),
        pytest.param({"scirpt": "a"}, id="one that nobody knows, which Airflow refuses"),
    ],
)
def test_what_has_an_effect_is_taken(given: dict[str, Any]) -> None:
    refuse_others(StockOperator, ["conn_id"], {}, given)


def test_all_that_have_none_are_named_with_what_to_do() -> None:
    given = {"script": None, "task_id": "a", "default_args": {"workers": 4, "conn_id": "a"}}
    with pytest.raises(StockArgumentError) as raised:
        refuse_others(StockOperator, ["conn_id"], {"workers": "set `number_of_workers`"}, given)
    assert str(raised.value) == (
        "set for StockOperator, without effect on a Spark job: `script`: take it out; "
        "`workers` (in default_args): set `number_of_workers`"
    )
