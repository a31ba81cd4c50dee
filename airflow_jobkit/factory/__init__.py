"""The factory: from DagSpecs to Airflow DAGs, and the one loader of a DAGs folder."""
