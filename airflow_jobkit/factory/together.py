"""What DAGs that are built together share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit._compat import DAG
from airflow_jobkit.factory.storable import StoreChecks

_CONFIGURED = (
    "max_active_tasks",
    "max_active_runs",
    "max_consecutive_failed_dag_runs",
    "disable_bundle_versioning",
)


@dataclass
class Together:
    """What has been learned from the DAGs built so far; one for all DAGs of a load.

    Attributes:
        checks: Which of them Airflow stores.
        configured: The arguments of a DAG that Airflow takes from its configuration where nobody gives them.
            Airflow 3 looks them up for each DAG, which takes as long as all else that it does to make one.
    """

    checks: StoreChecks = field(default_factory=StoreChecks)
    configured: dict[str, Any] = field(default_factory=dict)

    def learn(self, dag: DAG, given: Mapping[str, Any]) -> None:
        """Keep what a new DAG took from the configuration, since these arguments were not given."""
        for name in _CONFIGURED:
            if name not in given and name not in self.configured and hasattr(dag, name):
                self.configured[name] = getattr(dag, name)
