"""An Airflow of the tests' own."""

from __future__ import annotations

from task_context import use_temporary_airflow_home

use_temporary_airflow_home()
