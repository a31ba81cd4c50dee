"""AWS Glue: a job definition per set of what no run can override; code, workers and time-out per run."""

OPERATOR = "airflow_jobkit.operators.glue.GlueSparkJobOperator"
