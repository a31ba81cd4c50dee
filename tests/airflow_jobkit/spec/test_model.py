"""How a validation error becomes an Issue that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from airflow_jobkit.problems import Issue, dotted
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.model import Spec, Texts, parse_model
from airflow_jobkit.spec.values import Name


class Worker(Spec):
    size: Literal["small", "large"] = "small"
    zone: str = Field(default="a1", pattern=r"^[a-z]\d$", examples=["a1", "b2"])
    code: str = Field(default="x", pattern=r"^x+$")


class Cluster(Spec):
    name: str
    ddl: str | None = Field(default=None, alias="schema")
    nodes: Annotated[int, Field(ge=1, lt=10)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    tags: Texts = ()
    spot: bool = False
    workers: Mapping[Name, Worker] = Field(default_factory=dict)


def issues_of(**keys: Any) -> list[Issue]:
    found = parse_model(Cluster, {"name": "c", **keys})
    assert isinstance(found, list)
    return found


def test_good_data_becomes_a_spec() -> None:
    spec = parse_model(Cluster, {"name": "c", "schema": "a INT", "tags": ["x"], "workers": {"w": {}}})
    assert isinstance(spec, Cluster)
    assert (spec.ddl, spec.tags, spec.workers["w"].size) == ("a INT", ("x",), "small")


@pytest.mark.parametrize(
    ("keys", "where", "said"),
    [
        ({"tags": "x"}, "tags", "expected a list, got 'x'"),
        ({"tags": [1]}, "tags[0]", "expected text, got the number 1"),
        ({"spot": "true"}, "spot", "expected true or false, got 'true'"),
        ({"nodes": 0}, "nodes", "expected 1 or more, got the number 0"),
        ({"nodes": 10}, "nodes", "expected less than 10, got the number 10"),
        ({"nodes": "2"}, "nodes", "expected a whole number, got '2'"),
        ({"share": 0.0}, "share", "expected more than 0, got the number 0.0"),
        ({"share": 2.5}, "share", "expected 1 or less, got the number 2.5"),
        ({"share": "all"}, "share", "expected a number, got 'all'"),
        ({"workers": []}, "workers", "expected a mapping of keys, got a list"),
        ({"workers": {"w": 1}}, "workers.w", "expected a mapping of keys, got the number 1"),
        (
            {"workers": {"w": {"size": "big"}}},
            "workers.w.size",
            "expected one of 'small' or 'large', got 'big'",
        ),
        ({"workers": {"w": {"zone": "?"}}}, "workers.w.zone", "expected text like a1 or b2, got '?'"),
        ({"workers": {"w": {"code": "?"}}}, "workers.w.code", "expected text of the form ^x+$, got '?'"),
        ({"workers": {"a b": {}}}, "workers.a b", "not a name: 'a b'"),
        ({"workers": {7: {}}}, "workers.7", "a name is text, got the number 7"),
        ({"workers": {True: {}}}, "workers.True", "a name is text, got true"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_of_another_kind_is_said_in_words(keys: dict[str, Any], where: str, said: str) -> None:
    (issue,) = issues_of(**keys)
    assert (dotted(issue.path), issue.message) == (where, said)
    assert issue.remedy


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ({"node": 1}, "did you mean nodes?"),
        ({"shema": "a"}, "did you mean schema?"),
        ({"ddl": "a"}, "choose one of name, nodes, schema, share, spot, tags, workers"),
        ({"workers": {"w": {"sise": 1}}}, "did you mean size?"),
        ({"workers": {"w": {"x": 1}}}, "choose one of code, size, zone"),
    ],
)
def test_an_unknown_key_gets_the_keys_that_are_known_there(keys: dict[str, Any], remedy: str) -> None:
    (issue,) = issues_of(**keys)
    assert (issue.message, issue.remedy, issue.at) == ("unknown key", remedy, "key")


def test_keys_that_the_caller_took_out_are_known_too() -> None:
    (issue,) = parse_model(Cluster, {"name": "c", "lokal": 1}, also_known=["local"])  # type: ignore[misc]
    assert issue.remedy == "did you mean local?"


def test_a_missing_key_is_one_mistake_and_a_misspelt_one_is_no_second() -> None:
    missing, misspelt = parse_model(Cluster, {}), parse_model(Cluster, {"nme": "c"})
    assert isinstance(missing, list)
    assert isinstance(misspelt, list)
    assert [issue.message for issue in missing] == ["`name` is missing"]
    assert [issue.message for issue in misspelt] == ["unknown key"]


def test_what_is_no_mapping_is_one_mistake() -> None:
    (issue,) = parse_model(Cluster, ["name"])  # type: ignore[misc]
    assert issue.message == "expected a mapping of keys, got a list"


@pytest.mark.parametrize(
    ("given", "read"),
    [("a", "a"), (["a", "b"], ("a", "b")), ([], ()), (None, None)],
    ids=["one", "several", "none of them", "nothing"],
)
def test_a_text_or_a_list_of_texts_is_read_on_every_pydantic(given: Any, read: Any) -> None:
    """The oldest one that Amazon MWAA pins takes no list in a union."""
    assert AirflowKeys.model_validate({"email": given}).email == read


def test_what_is_neither_a_text_nor_a_list_of_them_is_said_once() -> None:
    (issue,) = parse_model(AirflowKeys, {"email": ["a", 1]})
    assert isinstance(issue, Issue)
    assert (issue.path, issue.message) == (("email", 1), "expected text, got the number 1")
