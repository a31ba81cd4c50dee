"""AWS and Databricks on a laptop: their HTTP interfaces, and a real Spark that runs the jobs.

Nothing here imports Airflow, pyspark or the job side; it may run in the environment that has Spark alone.
"""
