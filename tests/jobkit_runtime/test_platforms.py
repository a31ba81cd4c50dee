from __future__ import annotations

import importlib.util
import os
import sys

import pytest

from jobkit_runtime import PlatformError
from jobkit_runtime.platforms import LocalPlatform, find_java, platform


def test_an_unknown_engine_is_named_with_those_there_are():
    with pytest.raises(PlatformError, match=r"'locall'; did you mean local\? \(databricks, glue, local\)"):
        platform("locall")


def test_a_java_home_that_is_set_stays(monkeypatch):
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    find_java()
    assert os.environ["JAVA_HOME"] == "/opt/java"


def test_without_any_java_the_error_names_what_to_install(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PlatformError, match=r"there is none: pip install 'airflow-jobkit\[local\]'"):
        find_java()


def test_without_pyspark_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(PlatformError, match=r"pyspark is not installed .*airflow-jobkit\[local\]"):
        LocalPlatform().session()


def test_without_awsglue_the_glue_context_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "awsglue", None)
    with pytest.raises(PlatformError, match="needs awsglue"):
        platform("glue").glue_context()
