"""`python -m airflow_jobkit.cli` is `jobkit`."""

from __future__ import annotations

import sys

from airflow_jobkit.cli import main

sys.exit(main())
