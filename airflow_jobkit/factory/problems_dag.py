"""DAGs that show Problems in Airflow: one for a folder, and one that stands in for a task's own bad DAG.

Import errors cannot do it: one on the loader marks every good DAG as broken too, and one on another path is
deleted again by Airflow's periodic clean-up. In a worker they make Airflow 3 try the task again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_jobkit._compat import DAG, BaseOperator, has_mapped_instances
from airflow_jobkit.loading.dags import PROBLEMS_DAG_ID
from airflow_jobkit.problems import Problem, ProblemsError, counted

_SHOWN = 200


class ShowProblemsOperator(BaseOperator):
    """Fails with the Problems in its log, for those who look there.

    Args:
        problems: The Problems.
        mapped: Whether it stands in for a mapped task.
    """

    def __init__(self, *, problems: Sequence[Problem], mapped: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = tuple(problems)
        self.mapped = mapped

    def get_needs_expansion(self) -> bool:
        """Whether Airflow 2 may hand it a map index."""
        return self.mapped

    def execute(self, context: Any) -> None:  # noqa: ARG002 - Airflow's signature
        """Raise the Problems; Airflow shows them in the task's log."""
        raise ProblemsError(self.problems)


def build_problems_dag(problems: Sequence[Problem]) -> DAG:
    """A DAG without a schedule, whose name counts the Problems and whose documentation lists them."""
    files = len({problem.file for problem in problems})
    title = f"{counted(len(problems), 'problem')} in {counted(files, 'YAML file')}"
    dag = DAG(
        dag_id=PROBLEMS_DAG_ID,
        dag_display_name=f"⚠ jobkit: {title}",
        description=f"{title}; the DAGs of these files are not loaded",
        doc_md=_document(title, problems),
        schedule=None,
        catchup=False,
        tags=["jobkit", "problems"],
    )
    ShowProblemsOperator(task_id="show_problems", problems=problems, dag=dag)
    return dag


def build_stand_in(dag_id: str, task_id: str, problems: Sequence[Problem]) -> DAG:
    """The DAG of a task that is about to run while its file is bad: the task fails with the Problems."""
    dag = DAG(dag_id=dag_id, schedule=None, catchup=False)
    # Else an Airflow 2 worker takes the run's other tasks for removed ones, and marks them so.
    dag.partial = True
    mapped = has_mapped_instances(dag_id, task_id)
    ShowProblemsOperator(task_id=task_id, problems=problems, mapped=mapped, dag=dag)
    return dag


def _document(title: str, problems: Sequence[Problem]) -> str:
    lines = [
        f"### {title}",
        "",
        "`jobkit validate` shows the same on a laptop. Other DAGs are not affected.",
        "",
    ]
    for problem in problems[:_SHOWN]:
        lines += ["```", problem.text().replace("```", "'''"), "```", ""]
    if len(problems) > _SHOWN:
        lines.append(f"... and {len(problems) - _SHOWN} more")
    return "\n".join(lines)
