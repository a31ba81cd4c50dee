"""Loads every DAG that the YAML files of this folder describe into Airflow."""

from airflow_jobkit import load_dags

load_dags(globals())
