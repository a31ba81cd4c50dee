from airflow import DAG

with DAG("broken", schedule=None:
    pass
