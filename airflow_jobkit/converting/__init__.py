"""DAGs from elsewhere to our YAML: dag-factory's files, MWAA Serverless definitions, Python DAG files."""
