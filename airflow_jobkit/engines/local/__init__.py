"""Embedded Spark: the local entry script in a child process of the Airflow worker."""

OPERATOR = "airflow_jobkit.operators.local.LocalSparkJobOperator"
