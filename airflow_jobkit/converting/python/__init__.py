"""Python DAG files, read as text: what they say of DAGs, tasks and edges. Nothing of them is run."""
