"""Makes the Envelope of a try."""

from __future__ import annotations

from airflow_jobkit.contracts.envelope import DatasetBinding, Envelope, NotifierBinding
from airflow_jobkit.errors import UnknownNotifierError
from airflow_jobkit.operators.task_run import TaskRun
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.release import CodeVersion, Store
from airflow_jobkit.spec.settings import Settings


def make_envelope(
    engine: str,
    settings: Settings,
    run: TaskRun,
    code: CodeVersion,
    runs: Store,
    arguments: tuple[str, ...],
    notifier: str,
) -> Envelope:
    """What a job needs to know beside its own arguments.

    Args:
        engine: The Engine that runs it.
        settings: The project in its Environment.
        run: The try.
        code: The code version that runs.
        runs: The Store of the runs root.
        arguments: The names of the job's own arguments.
        notifier: The notifier of the run.

    Raises:
        UnknownNotifierError: There is no such notifier.
    """
    return Envelope(
        identity=run.identity,
        try_number=run.try_number,
        logical_date=run.logical_date,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        engine=engine,
        environment=settings.environment,
        code_version=code.version,
        code_digest=code.digest,
        arguments=arguments,
        data_root=settings.data_root,
        datasets={
            name: DatasetBinding(dataset.path, dataset.format, dataset.ddl, dataset.options)
            for name, dataset in settings.datasets.items()
        },
        result=runs.location(run.identity.result_key),
        notifier=notifier_binding(notifier, settings),
    )


def notifier_binding(name: str, settings: Settings) -> NotifierBinding:
    """The class and settings of a notifier.

    Raises:
        UnknownNotifierError: It is neither built in nor configured; the message names those that are.
    """
    known = settings.notification_service_types
    if name not in known:
        raise UnknownNotifierError(f"no notifier {name!r}; {choices_remedy(name, known)}")
    configured = dict(settings.notifiers.get(name, {}))
    return NotifierBinding(configured.pop("class", None), configured)
