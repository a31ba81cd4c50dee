"""The trigger: waits for a run in Airflow's triggerer."""
