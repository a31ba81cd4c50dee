"""Databricks: one-time runs of a Python file, on a new cluster, an existing one or serverless compute."""

OPERATOR = "airflow_jobkit.operators.databricks.DatabricksSparkJobOperator"
