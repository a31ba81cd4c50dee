"""The examples of the reference, one for each of its sections, by the section's title.

The second word of a block's info string says where a fragment stands, so that the tests validate it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "A DAG": """\
```yaml in=dags
flights_daily:
  description: Every flight of yesterday
  schedule: "0 6 * * *"
  start_date: 2026-01-01
  tags: [flights, daily]
  max_active_runs: 1
  dagrun_timeout: 6h
  params:
    month: {type: [integer, "null"], minimum: 1, maximum: 12, default: null}
  default_args: {owner: data-team, retries: 2, retry_delay: 5m}
  task_templates:
    careful: {retries: 5, timeout: 1h}
  tasks:
    clean:
      extends: careful
      spark_job: dwh.jobs.flights.clean_flights_factory
      args: {month: "{{ params.month }}"}
```
""",
    "Every task": """\
```yaml in=dags
loads:
  tasks:
    prepare:
      spark_job: dwh.jobs.flights.clean_flights_factory
    load:
      for_each: {jfk: {runways: 4}, lga: {runways: 2}}
      spark_job: dwh.jobs.flights.clean_flights_factory
      args: {airport: "${key}", runways: "${item.runways}"}
      dependencies: [prepare]
    months:
      spark_job: dwh.jobs.flights.clean_flights_factory
      expand: {job_args: [{month: 1}, {month: 2}]}
      dependencies: [load]
```
""",
    "Every task, and `default_args`": """\
```yaml in=task
timeout: 30m
retries: 3
retry_delay: 1m
retry_exponential_backoff: true
max_retry_delay: 20m
trigger_rule: none_failed
pool: spark
outlets: ["s3://dwh-data/clean_flights"]
on_failure_callback: dwh.callbacks.tell
```
""",
    "A task that runs a job": """\
```yaml in=dags
reports:
  tasks:
    carrier_delays:
      spark_job: dwh.jobs.flights.carrier_delays_factory
      args: {year: 2013, min_flights: 100}
      engine: glue
      code_version: "0.2.0"
      deferrable: true
      glue: {iam_role_name: glue-job-role, number_of_workers: 4, timeout: 45m}
```
""",
    "A task of an operator": """\
```yaml in=dags
shell:
  tasks:
    list:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: echo {{ ds }}
      env: {LANG: C}
```
""",
    "A task that calls a function": """\
```yaml in=dags
tells:
  tasks:
    tell:
      decorator: airflow.sdk.task
      python_callable: dwh.functions.notify
      channel: night
```
""",
    "A group of tasks": """\
```yaml in=dags
by_month:
  task_groups:
    months:
      tooltip: the whole group, once for each month
      expand: {month: [1, 2, 3]}
      default_args: {pool: spark}
      tasks:
        count:
          spark_job: dwh.jobs.flights.clean_flights_factory
          args: {month: +months.month}
```
""",
    "`code` of a DAG or a task": """\
```yaml in=dag
code:
  entry_point: s3://team-bucket/scripts/{engine}/generic_entry.py
  wheels: ["s3://team-bucket/wheels/dwh-{code_version}-py3-none-any.whl"]
code_version: "0.2.0"
```
""",
    "`databricks`": """\
```yaml in=dag
databricks:
  connection_id: databricks_default
  new_cluster: {spark_version: 15.4.x-scala2.12, node_type_id: m5.large, num_workers: 2}
  environment: {TOKEN: "{{secrets/dwh/token}}"}
  access_control_list: [{group_name: data-team, permission_level: CAN_VIEW}]
  timeout: 1h
```
""",
    "`serverless` of `databricks`": """\
```yaml in=dag
databricks: {serverless: {environment_version: "4"}}
```
""",
    "`access_control_list` of `databricks`": """\
```yaml in=dag
databricks:
  serverless: true
  access_control_list:
    - {group_name: data-team, permission_level: CAN_MANAGE_RUN}
    - {user_name: someone@example.com, permission_level: CAN_VIEW}
```
""",
    "`glue`": """\
```yaml in=dag
glue:
  iam_role_name: glue-job-role
  glue_version: "5.0"
  worker_type: G.2X
  number_of_workers: 10
  timeout: 2h
  execution_class: FLEX
  arguments: {--enable-auto-scaling: "true"}
  tags: {team: data}
```
""",
    "`local`": """\
```yaml in=dag
local:
  master: local[2]
  conf: {spark.driver.memory: 2g, spark.sql.shuffle.partitions: "4"}
```
""",
    "The project file": """\
```yaml in=project-file
project: dwh
code: {root: s3://dwh-code/releases, version: "0.1.0"}
glue: {iam_role_name: glue-job-role}
environments:
  local: {engine: local, code: {root: .jobkit/code}}
  prod: {engine: glue, mwaa: [dwh-prod-mwaa], data: {root: s3://dwh-data/prod}}
```
""",
    "An environment": """\
```yaml in=environments
prod:
  mwaa: [dwh-prod-mwaa]
  engine: glue
  data: {root: s3://dwh-data/prod}
  glue: {iam_role_name: glue-prod-role, number_of_workers: 20}
  notification: {service_type: LOG}
  defaults: {default_args: {retries: 3}}
```
""",
    "`code` of the project or an environment": """\
```yaml in=project
code: {root: s3://dwh-code/releases, version: "0.1.0"}
```
""",
    "`data`": """\
```yaml in=project
data: {root: s3://dwh-data/prod}
```
""",
    "A dataset of `datasets`": """\
```yaml in=project
datasets:
  flights:
    path: raw/flights.csv
    format: csv
    schema: year INT, month INT, origin STRING
    options: {header: "true"}
```
""",
    "`notification`": """\
```yaml in=project
notification:
  service_type: SNS
  services:
    SNS: {topic_arn: "arn:aws:sns:us-east-1:123456789012:jobs"}
    TEAM: {class: "dwh.notifiers:TeamNotifier", channel: data}
```
""",
    "`operators`": """\
```yaml in=project
operators: {allow: [dwh., airflow_provider_of_ours.]}
```
""",
    "`variables`": """\
```yaml in=project
variables: {env: [TEAM, REGION]}
```
""",
    "`sweeper`": """\
```yaml in=project
sweeper: {schedule: "0 * * * *", grace: 5m}
```
""",
}
