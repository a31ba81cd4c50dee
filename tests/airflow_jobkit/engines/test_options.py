"""An Engine's options come in layers: a later one lies over an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import Field, ValidationError

from airflow_jobkit.engines import engine_names, operator_class_path, options_class
from airflow_jobkit.engines.options import EngineOptions


class ClusterOptions(EngineOptions):
    size: int = 2
    name: str | None = None
    conf: Mapping[str, Any] = Field(default_factory=dict)
    zones: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        pytest.param({}, {}, {}, id="nothing over nothing"),
        pytest.param({"size": 3}, {}, {"size": 3}, id="what only the lower layer sets stays"),
        pytest.param({}, {"size": 3}, {"size": 3}, id="what only the upper layer sets is taken"),
        pytest.param({"size": 3}, {"size": 2}, {"size": 2}, id="a default that is set wins too"),
        pytest.param({"name": "a"}, {"name": None}, {"name": None}, id="null takes a value away"),
        pytest.param(
            {"conf": {"a": 1, "b": {"c": 1, "d": 1}}},
            {"conf": {"b": {"d": 2}, "e": 3}},
            {"conf": {"a": 1, "b": {"c": 1, "d": 2}, "e": 3}},
            id="mappings merge at every depth",
        ),
        pytest.param(
            {"conf": {"a": {"b": 1}}},
            {"conf": {"a": 2}},
            {"conf": {"a": 2}},
            id="a plain value replaces a mapping",
        ),
        pytest.param({"zones": ("a", "b")}, {"zones": ("c",)}, {"zones": ("c",)}, id="a list is replaced"),
    ],
)
def test_overlaid_by(lower: dict[str, Any], upper: dict[str, Any], merged: dict[str, Any]) -> None:
    assert ClusterOptions(**lower).overlaid_by(ClusterOptions(**upper)) == ClusterOptions(**merged)


def test_an_overlay_knows_only_what_its_layers_set_so_that_a_third_can_lie_over_it() -> None:
    base, middle, top = ClusterOptions(size=5), ClusterOptions(name="x"), ClusterOptions(conf={"a": 1})
    merged = base.overlaid_by(middle).overlaid_by(top)
    assert merged.model_fields_set == {"size", "name", "conf"}
    assert base.overlaid_by(middle.overlaid_by(top)) == merged


def test_layers_are_not_changed_by_an_overlay() -> None:
    lower = ClusterOptions(conf={"a": {"b": 1}})
    lower.overlaid_by(ClusterOptions(conf={"a": {"c": 2}}))
    assert lower.conf == {"a": {"b": 1}}


@pytest.mark.parametrize("engine", engine_names())
def test_every_engine_names_an_operator_and_options_that_all_have_defaults(engine: str) -> None:
    assert operator_class_path(engine).startswith("airflow_jobkit.operators.")
    options = options_class(engine)
    assert issubclass(options, EngineOptions)
    assert options() == options.model_validate({})


@pytest.mark.parametrize("engine", engine_names())
def test_every_engines_options_refuse_unknown_keys_and_changes(engine: str) -> None:
    options = options_class(engine)
    with pytest.raises(ValidationError, match="no_such_option"):
        options.model_validate({"no_such_option": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(options(), next(iter(options.model_fields)), None)


@pytest.mark.parametrize("master", ["local", "local[1]", "local[*]", "local[4,2]"])
def test_embedded_spark_takes_a_local_master(master: str) -> None:
    assert options_class("local").model_validate({"master": master}).model_dump()["master"] == master


@pytest.mark.parametrize("master", ["yarn", "spark://host:7077", "local[]", "local[2", "local[1]\n"])
def test_embedded_spark_takes_no_other_master(master: str) -> None:
    with pytest.raises(ValidationError):
        options_class("local").model_validate({"master": master})
