"""A code version is an exact version or the name of a channel, and nobody can take one for the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import VERSION_PATTERN as ANY_VERSION
from pydantic_core import PydanticCustomError

from airflow_jobkit.spec.versions import (
    CODE_VERSION_PATTERN,
    VERSION_PATTERN,
    is_channel,
    parse_code_version,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0.1.0", "0.1.0"),
        ("1.10", "1.10"),
        ("v1.2", "1.2"),
        ("1.0.0-rc1", "1.0.0rc1"),
        ("1.0+local.1", "1.0+local.1"),
        ("01.2", "1.2"),
    ],
)
def test_a_version_is_read_in_its_normal_form_which_the_trigger_form_accepts(text: str, version: str) -> None:
    assert parse_code_version(text) == version
    assert re.match(VERSION_PATTERN, version)
    assert re.match(CODE_VERSION_PATTERN, version)
    assert not is_channel(version)


@pytest.mark.parametrize("value", ["", "Latest", ">=0.1", "1.x", "1.0/../2.0", "v1-x", "default", None])
def test_what_is_neither_a_version_nor_a_channel_is_refused(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="neither a version nor a channel: "):
        parse_code_version(value)


@pytest.mark.parametrize("value", [1.1, 2, True])
def test_a_version_without_quotes_is_a_number_and_refused(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="a version is text"):
        parse_code_version(value)


@pytest.mark.parametrize("value", ["1!2.0", "v2!2.0"])
def test_a_version_with_an_epoch_is_refused_since_the_trigger_form_could_not_take_it(value: str) -> None:
    with pytest.raises(
        PydanticCustomError, match=f"a version with an epoch cannot be run: '{value}'"
    ) as raised:
        parse_code_version(value)
    assert raised.value.context is not None
    assert raised.value.context["remedy"].endswith('for example as "2.0"')


@pytest.mark.parametrize("name", ["stable", "a", "v", "very-new", "dev", "defaults", "team_a-2", "x" * 63])
def test_a_channel_is_read_as_it_is_and_the_trigger_form_accepts_it(name: str) -> None:
    assert parse_code_version(name) == name
    assert re.match(CODE_VERSION_PATTERN, name)
    assert not re.match(VERSION_PATTERN, name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("1a", id="a digit first"),
        pytest.param("-a", id="a hyphen first"),
        pytest.param("v1", id="a version"),
        pytest.param("v2-new", id="what begins like a version"),
        pytest.param("Stable", id="a capital letter"),
        pytest.param("a.b", id="a dot"),
        pytest.param("a/b", id="a slash"),
        pytest.param("stable\n", id="a line"),
        pytest.param("st\u00e4ble", id="a letter beyond ASCII"),
        pytest.param("x" * 64, id="too long"),
        pytest.param("default", id="the mark of the default in a list"),
        pytest.param("", id="nothing"),
    ],
)
def test_other_texts_name_no_channel(name: str) -> None:
    assert not is_channel(name)
    assert not re.fullmatch(CODE_VERSION_PATTERN[1:-1], name)


@given(text=st.from_regex(re.compile(ANY_VERSION, re.VERBOSE | re.IGNORECASE | re.ASCII), fullmatch=True))
def test_no_version_in_any_spelling_is_a_channel(text: str) -> None:
    assert not is_channel(text)


@pytest.mark.parametrize("written", ["Stable", "STABLE", " stable"])
def test_a_channel_in_another_case_is_told_how_it_is_written(written: str) -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse_code_version(written)
    assert raised.value.context is not None
    assert raised.value.context["remedy"] == "write stable, for channels are in lower case"


def test_the_pattern_of_the_form_has_no_bare_hyphen_in_a_class_which_browsers_refuse() -> None:
    classes = re.findall(r"\[([^]]+)\]", CODE_VERSION_PATTERN)
    assert [one for one in classes if not re.fullmatch(r"([a-z0-9]-[a-z0-9]|\\-|[^-])*", one)] == []
