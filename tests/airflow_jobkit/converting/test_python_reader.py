"""What a Python DAG file says, construct by construct, and what is told of the rest."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
import yaml

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.python_source import convert_python
from airflow_jobkit.spec.variables import Variables

IMPORTS = """
import json
import os
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models import Variable
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.utils.task_group import TaskGroup
import team
from team.functions import clean, tell
"""


def convert(text: str) -> Conversion:
    return convert_python("dags/a.py", IMPORTS + dedent(text), Path("dags/a.py"))


def inside(body: str) -> Conversion:
    """The conversion of a DAG `d` with this body."""
    return convert('with DAG("d", schedule=None) as dag:\n' + indent(dedent(body), "    "))


def data(conversion: Conversion) -> Any:
    assert conversion.text is not None
    return yaml.safe_load(conversion.text)


def told(conversion: Conversion) -> list[str]:
    return [problem.message for problem in conversion.left]


def command(expression: str, before: str = "") -> Any:
    """What an argument is that is given this expression."""
    conversion = inside(f'{before}\nBashOperator(task_id="t", bash_command={expression})')
    assert told(conversion) == []
    return data(conversion)["d"]["tasks"]["t"]["bash_command"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("'a' + 'b' * 2", "abb", id="arithmetic"),
        pytest.param("f'{1:03d}-{\"x\"!r}'", "001-'x'", id="f-string"),
        pytest.param("'{} {b}'.format('a', b=1)", "a 1", id="format"),
        pytest.param("'%s/%d' % ('a', 2)", "a/2", id="percent"),
        pytest.param("str(1 << 20) + str(256 >> 4)", "104857616", id="bits, and no edges"),
        pytest.param("' '.join(x.upper() for x in ['a', 'b'])", "A B", id="generator"),
        pytest.param("{'a': {'b': 'c'}}['a']['b']", "c", id="subscript"),
        pytest.param("'a' if 1 < 2 <= 3 else 'b'", "a", id="choice"),
        pytest.param("('' or 'b')", "b", id="or"),
        pytest.param("[*['a'], *('b',)][-1]", "b", id="unpacked"),
        pytest.param("{**{'a': 'x'}, 'a': 'y'}['a']", "y", id="merged"),
        pytest.param("(lambda a, b='z': a + b)('y')", "yz", id="lambda"),
        pytest.param("json.dumps({'a': [1]})", '{"a": [1]}', id="json"),
        pytest.param("os.path.join('/a', 'b')", "/a/b", id="path"),
        pytest.param("os.path.basename(__file__)", "a.py", id="file"),
        pytest.param("__name__", "a", id="module"),
        pytest.param("'text'[1:3]", "ex", id="slice"),
        pytest.param("sorted({'b', 'a'})[0]", "a", id="set"),
        pytest.param("'a {{ ds }} b'", "a {{ ds }} b", id="template"),
        pytest.param("dag.dag_id", "d", id="the DAG's id"),
        pytest.param("os.environ['HOME'] + '/x'", "${env:HOME}/x", id="environment"),
        pytest.param("'{}/x'.format(os.getenv('HOME'))", "${env:HOME}/x", id="environment in a format"),
        pytest.param("'${jobkit:x}'", "$${jobkit:x}", id="what would be a reference of ours"),
        pytest.param("'${env:HOME} ${env:{x}'", "$${env:HOME} ${env:{x}", id="what would be a variable"),
        pytest.param("'$${env:HOME}'", "$$${env:HOME}", id="what would be an escape of ours"),
        pytest.param("'{0}/{0}'.format(os.getenv('HOME'))", "${env:HOME}/${env:HOME}", id="twice"),
    ],
)
def test_what_can_be_computed_is(expression: str, value: Any) -> None:
    assert command(expression) == value


@pytest.mark.parametrize("text", ["${env:HOME}", "$${env:HOME}", "a $$${jobkit:project} ${env:{x}", "$${x}"])
def test_a_text_means_itself_to_the_loader(text: str) -> None:
    variables = Variables(["HOME"], {"HOME": "/root"}, {"project": "dwh"})
    assert variables.substituted(command(repr(text))) == (text, [])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        pytest.param("float('nan')", "nan, which is no number to Airflow", id="no number"),
        pytest.param("[1, {'a': -1e999}]", "-inf, which is no number to Airflow", id="an endless one"),
        pytest.param("'a\\0'", "a text with U+0000, which YAML does not hold", id="a zero byte"),
        pytest.param(
            "['\\udfff']", "a text with U+DFFF, which YAML does not hold", id="half a character in a list"
        ),
        pytest.param("{1, '\\ud800'}", "a text with U+D800, which YAML does not hold", id="one in a set"),
        pytest.param(
            "f\"${os.environ['HOME']}\"",
            "a text with `${...}` or `$` of its own, beside what is filled in later",
            id="a dollar before a variable",
        ),
        pytest.param(
            "'${env:X} ' + os.environ['HOME']",
            "a text with `${...}` or `$` of its own, beside what is filled in later",
            id="a text like a variable beside one",
        ),
        pytest.param(
            "'${{env:X}} {}'.format(os.environ['HOME'])",
            "a text with `${...}` or `$` of its own, beside what is filled in later",
            id="in a format",
        ),
    ],
)
def test_what_would_not_load_or_mean_something_else_is_told(expression: str, message: str) -> None:
    conversion = inside(f'BashOperator(task_id="t", bash_command={expression}, retries=1)')
    assert told(conversion) == [message]
    assert set(data(conversion)["d"]["tasks"]["t"]) == {"operator", "retries"}


def test_strange_keys_durations_and_ids_are_told_and_the_rest_loads() -> None:
    conversion = inside(
        r"""
        BashOperator(
            task_id="t\ud800", bash_command="x", env={"\ud800": "a", "B": "b"}, retry_delay=float("nan")
        )
        """
    )
    assert sorted(told(conversion)) == [
        "a text with U+D800, which YAML does not hold",
        "an id with characters that YAML does not hold: t_",
        "no duration: nan",
    ]
    assert data(conversion)["d"]["tasks"] == {
        "t_": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "x", "env": {"B": "b"}}
    }


def test_a_variable_that_is_text_needs_no_leave() -> None:
    conversion = inside('BashOperator(task_id="t", bash_command="echo ${env:HOME}")')
    assert [note for note in conversion.notes if "variables" in note] == []


def test_constants_of_a_class_are_known() -> None:
    assert command("Places.RAW", "class Places:\n    RAW = 'raw-' + 'bucket'\n    clean: str = 'c'") == (
        "raw-bucket"
    )


def test_functions_of_the_file_make_tasks() -> None:
    conversion = convert("""
        def load(name, *, retries=1, **more):
            if name == "skipped":
                return None
            return BashOperator(task_id=f"load_{name}", bash_command=name, retries=retries, **more)

        with DAG("d", schedule=None):
            tasks = [load("a"), load("b", retries=2, pool="p"), load("skipped")]
            tasks[0] >> tasks[1]
        """)
    assert told(conversion) == []
    assert data(conversion)["d"]["tasks"] == {
        "load_a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "a", "retries": 1},
        "load_b": {
            "operator": "airflow.operators.bash.BashOperator",
            "dependencies": ["load_a"],
            "bash_command": "b",
            "retries": 2,
            "pool": "p",
        },
    }


def test_constants_are_read_from_files_beside_it_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "__init__.py").write_text("STAGE = 'dev'\n")
    (tmp_path / "common" / "config.py").write_text(
        dedent("""
            from datetime import timedelta
            from common import STAGE
            open("RAN", "w")
            ARGS = {"owner": f"team-{STAGE}", "retry_delay": timedelta(minutes=3)}
            RAN = open("RAN").read()
            API_TOKEN = "s3cret"

            def report():
                pass
            """)
    )
    text = IMPORTS + dedent("""
        from common import config
        from common.config import API_TOKEN, ARGS, RAN, report

        with DAG("d", schedule=None, default_args=ARGS):
            BashOperator(task_id="a", bash_command=config.ARGS["owner"], pool=RAN, cwd=API_TOKEN)
            PythonOperator(task_id="b", python_callable=report)
        """)
    (tmp_path / "sub").mkdir()
    conversion = convert_python("sub/a.py", text, tmp_path / "sub" / "a.py")
    assert told(conversion) == [
        "the value of common.config.RAN, which is imported",
        "the value of common.config.API_TOKEN, which is imported",
    ]
    assert "s3cret" not in (conversion.text or "")
    made = data(conversion)["d"]
    assert made["default_args"] == {"owner": "team-dev", "retry_delay": "3m"}
    assert made["tasks"]["a"]["bash_command"] == "team-dev"
    assert made["tasks"]["b"]["python_callable"] == "common.config.report"
    assert not (tmp_path / "RAN").exists()


def test_loops_make_dags_and_tasks() -> None:
    conversion = convert("""
        for region, number in {"us": 1, "eu": 2}.items():
            start = datetime(2026, 1, number)
            with DAG(f"load_{region}", schedule="@daily", start_date=start, catchup=True) as d:
                for step in range(3):
                    if step == 1:
                        continue
                    BashOperator(task_id=f"s{step}", bash_command=region)
            globals()[d.dag_id] = d
        """)
    assert told(conversion) == []
    assert conversion.dags == 2
    assert {name: list(dag["tasks"]) for name, dag in data(conversion).items()} == {
        "load_us": ["s0", "s2"],
        "load_eu": ["s0", "s2"],
    }


def test_a_dag_that_is_handed_on_has_its_tasks_and_groups() -> None:
    conversion = convert("""
        dag = DAG("d", schedule=None)
        a = BashOperator(task_id="a", bash_command="a", dag=dag)
        group = TaskGroup("g", dag=dag)
        b = BashOperator(task_id="b", bash_command="b", task_group=group, dag=dag)
        a.set_downstream(group)
        b.doc_md = "what b does"
        dag.doc_md = "what d does"
        """)
    assert told(conversion) == []
    made = data(conversion)["d"]
    assert made["doc_md"] == "what d does"
    assert made["task_groups"]["g"]["dependencies"] == ["a"]
    assert made["task_groups"]["g"]["tasks"]["b"]["doc_md"] == "what b does"


@pytest.mark.parametrize(
    ("edges", "upstream"),
    [
        pytest.param("a >> [b, c] >> d", {"b": ["a"], "c": ["a"], "d": ["b", "c"]}, id="shifts"),
        pytest.param("a << b << c", {"a": ["b"], "b": ["c"]}, id="backwards"),
        pytest.param("chain(a, [b, c], d)", {"b": ["a"], "c": ["a"], "d": ["b", "c"]}, id="chain"),
        pytest.param("cross_downstream([a, b], [c, d])", {"c": ["a", "b"], "d": ["a", "b"]}, id="cross"),
        pytest.param("a.set_upstream([b, c])", {"a": ["b", "c"]}, id="upstream"),
        pytest.param("dag.get_task('a') >> b", {"b": ["a"]}, id="by its id"),
        pytest.param("a >> b\na >> b", {"b": ["a"]}, id="twice"),
        pytest.param("BashOperator(task_id='e', bash_command=c.output)", {"e": ["c"]}, id="result"),
    ],
)
def test_edges(edges: str, upstream: dict[str, list[str]]) -> None:
    tasks = 'a, b, c, d = (BashOperator(task_id=n, bash_command=n) for n in "abcd")\n'
    conversion = inside(tasks + edges)
    assert told(conversion) == []
    found = {
        name: task["dependencies"]
        for name, task in data(conversion)["d"]["tasks"].items()
        if "dependencies" in task
    }
    assert found == upstream


def test_what_a_task_returns_is_a_template_in_an_operator_and_a_reference_in_a_function() -> None:
    conversion = inside("""
        first = task(clean)(table="a")
        BashOperator(task_id="b", bash_command=first, env={"X": first["key"], "Y": f"<{first}>"})
        task(tell)(what=[first], whole=first)
        """)
    tasks = data(conversion)["d"]["tasks"]
    assert tasks["b"]["bash_command"] == "{{ ti.xcom_pull(task_ids='clean') }}"
    assert tasks["b"]["env"] == {
        "X": "{{ ti.xcom_pull(task_ids='clean', key='key') }}",
        "Y": "<{{ ti.xcom_pull(task_ids='clean') }}>",
    }
    assert tasks["b"]["dependencies"] == ["clean"]
    assert (tasks["tell"]["what"], tasks["tell"]["whole"]) == (["+clean"], "+clean")
    assert sum("by a template, so as text" in note for note in conversion.notes) == 2


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        pytest.param("retry_delay=timedelta(minutes=5)", "5m", id="duration"),
        pytest.param("retry_delay=300", "5m", id="seconds"),
        pytest.param(
            "retry_delay=timedelta(0)", {"__type__": "datetime.timedelta", "seconds": 0.0}, id="none at all"
        ),
        pytest.param(
            "delta=timedelta(hours=1)", {"__type__": "datetime.timedelta", "hours": 1}, id="of an operator"
        ),
        pytest.param("on_failure_callback=tell", "team.functions.tell", id="function"),
        pytest.param(
            "on_failure_callback=[tell, team.Pager(channel='x')]",
            ["team.functions.tell", {"callback": "team.Pager", "channel": "x"}],
            id="notifiers",
        ),
        pytest.param("trigger_rule='none_failed_or_skipped'", "none_failed_min_one_success", id="old rule"),
    ],
)
def test_arguments_of_a_kind(argument: str, value: Any) -> None:
    conversion = inside(f'BashOperator(task_id="t", bash_command="x", {argument})')
    assert data(conversion)["d"]["tasks"]["t"][argument.partition("=")[0]] == value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("BashOperator(bash_command='x')", "BashOperator without a `task_id`", id="no id"),
        pytest.param(
            "x = BashOperator(task_id='t', bash_command=nothing)",
            "`nothing` is not defined in this file",
            id="unknown name",
        ),
        pytest.param(
            "BashOperator(task_id='t', bash_command=datetime.now().isoformat())",
            "what datetime.datetime.now.isoformat(...) gives when the file is run",
            id="now",
        ),
        pytest.param(
            "if os.environ['A'] == 'b':\n    BashOperator(task_id='t', bash_command='x')",
            "a condition that is decided when the file is run",
            id="a condition on a variable",
        ),
        pytest.param(
            "for t in Variable.get('tables'):\n    BashOperator(task_id=t, bash_command='x')",
            "a loop over what is computed when the file is run",
            id="a loop over a variable",
        ),
        pytest.param(
            "BashOperator(task_id=os.environ['A'], bash_command='x')",
            "the id of a task that is only known when the file is run; the YAML has A",
            id="an id of a variable",
        ),
        pytest.param(
            "BashOperator(task_id='t', bash_command='x')\nBashOperator(task_id='t', bash_command='x')",
            "a second task or group with the id 't'",
            id="twice",
        ),
        pytest.param(
            "t = BashOperator(task_id='t', bash_command='x')\nt.template_fields = ['a']",
            "an assignment to a part of something",
            id="an attribute that is no argument",
        ),
        pytest.param("while True:\n    pass", "a `while` statement", id="while"),
        pytest.param(
            "x = BashOperator(task_id='t', bash_command=str(1 << 1_000_000_000_000))",
            "a number too large to be computed",
            id="a shift without bounds",
        ),
        pytest.param("clean(1)", "the call of team.functions.clean when the file is read", id="a call"),
        pytest.param(
            "BashOperator.partial(task_id='t').expand_kwargs([{}])",
            "`.expand_kwargs(...)`",
            id="expand_kwargs",
        ),
    ],
)
def test_what_is_not_known_is_told_at_its_line(body: str, message: str) -> None:
    conversion = inside("BashOperator(task_id='other', bash_command='x')\n" + body)
    assert message in told(conversion)
    problem = next(one for one in conversion.left if one.message == message)
    assert problem.line > IMPORTS.count("\n") + 2
    assert problem.source
    assert problem.remedy


def test_of_a_mapping_only_what_is_not_known_is_left_out() -> None:
    conversion = inside("""
        BashOperator(task_id="t", bash_command="x", env={"A": "a", "B": tell(), "C": {"D": tell(), "E": 1}})
        BashOperator(task_id="u", bash_command="x", env={"A": tell()})
        """)
    tasks = data(conversion)["d"]["tasks"]
    assert tasks["t"]["env"] == {"A": "a", "C": {"E": 1}}
    assert "env" not in tasks["u"]
    assert len(conversion.left) == 3
    assert (conversion.text or "").count("# not carried (line ") == 3


def test_a_call_of_dict_is_a_mapping_of_which_only_what_is_not_known_is_left_out() -> None:
    conversion = convert(
        """
        DEFAULTS = dict(owner="me", retry_delay=timedelta(minutes=5), pool=nothing)
        with DAG("d", schedule=None, default_args=dict(DEFAULTS, on_failure_callback=tell)) as dag:
            BashOperator(task_id="t", bash_command="ls")
        """
    )
    assert told(conversion) == ["`nothing` is not defined in this file"]
    assert data(conversion)["d"]["default_args"] == {
        "owner": "me",
        "retry_delay": "5m",
        "on_failure_callback": "team.functions.tell",
    }


def test_macros_are_carried_and_texts_among_them_are_told() -> None:
    """A text among the macros of our YAML is an import path."""
    conversion = convert(
        """
        def twice(value): return 2 * value
        more = {"limit": 3, "twice": twice}
        macros = {"clean": clean, "more": more, "bucket": "a.b", "half": lambda v: v / 2}
        with DAG("d", schedule=None, user_defined_macros=macros, user_defined_filters=dict(tell=tell)) as dag:
            BashOperator(task_id="t", bash_command="ls")
        """
    )
    assert told(conversion) == [
        "the function twice is defined in this file",
        "a lambda",
        "a text among the macros",
    ]
    made = data(conversion)["d"]
    assert made["user_defined_macros"] == {
        "clean": "team.functions.clean",
        "more": {"limit": 3, "twice": "a_code.twice"},
        "half": "a_code.half",
    }
    assert made["user_defined_filters"] == {"tell": "team.functions.tell"}


def test_a_secret_of_the_environment_is_not_carried() -> None:
    conversion = inside(
        'BashOperator(task_id="t", bash_command="x", env={"K": os.environ["AWS_SECRET_KEY"]})'
    )
    assert told(conversion) == ["the environment variable AWS_SECRET_KEY, which looks like a secret"]
    assert "AWS_SECRET_KEY" not in (conversion.text or "").partition("operator")[2]


def test_an_id_that_a_variable_is_part_of_gets_the_name_of_that() -> None:
    conversion = convert("""
        stage = Variable.get("env", deserialize_json=True)["stage"]
        with DAG(f"load_{stage}_uk", schedule=None):
            BashOperator(task_id=f"to-{os.environ['REGION']}", bash_command=f"echo {stage}")
        """)
    made = data(conversion)["load_stage_uk"]["tasks"]["to-REGION"]
    assert made["bash_command"] == "echo {{ var.json.env['stage'] }}"


def test_a_notifier_of_the_file_is_named_where_it_is_moved_to() -> None:
    conversion = convert("""
        class Pager:
            pass

        with DAG("d", schedule=None, on_failure_callback=Pager(channel="x")):
            BashOperator(task_id="t", bash_command="x")
        """)
    assert told(conversion) == ["the class Pager is defined in this file"]
    assert data(conversion)["d"]["on_failure_callback"] == {"callback": "a_code.Pager", "channel": "x"}


def test_comments_stay_with_their_tasks() -> None:
    conversion = inside("""
        # The first of two,
        # in two lines.
        BashOperator(task_id="a", bash_command="x")
        # noqa: F401
        BashOperator(task_id="b", bash_command="x")  # behind
        """)
    assert conversion.text is not None
    assert conversion.text.count("#") == 2
    assert "    # The first of two,\n    # in two lines.\n    a:\n" in conversion.text


def test_every_yaml_loads_but_for_what_is_told() -> None:
    """A text that our loader takes for a variable of dag-factory's cannot be written; it is told."""
    conversion = inside('BashOperator(task_id="t", bash_command="x", cwd="$HOME/x")')
    assert told(conversion) == ["$HOME is not expanded here"]
    assert conversion.left[0].file == "a.yaml"


def test_a_schedule_of_no_assets_is_none() -> None:
    conversion = convert('dag = DAG("d", schedule=[])\nBashOperator(task_id="t", bash_command="x", dag=dag)')
    assert told(conversion) == []
    assert data(conversion)["d"].get("schedule") is None
