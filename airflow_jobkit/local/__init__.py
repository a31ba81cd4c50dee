"""Airflow and data on a laptop: one DAG run without a scheduler, and the sample data."""
