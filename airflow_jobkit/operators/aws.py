"""S3 by an Airflow connection; the amazon provider is imported only where something stands on S3."""

from __future__ import annotations

from typing import Any

from airflow_jobkit.errors import ReleaseError


def s3_client(aws_conn_id: str) -> Any:
    """Make a boto3 S3 client, as the amazon provider makes one from a connection.

    Args:
        aws_conn_id: The connection; where it is not defined, boto3's own chain holds.

    Raises:
        ReleaseError: The amazon provider is not installed.
    """
    try:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    except ImportError as error:
        raise ReleaseError(
            f"s3:// needs Airflow's amazon provider ({error}): pip install apache-airflow-providers-amazon."
        ) from error
    return AwsBaseHook(aws_conn_id=aws_conn_id, client_type="s3").get_conn()
