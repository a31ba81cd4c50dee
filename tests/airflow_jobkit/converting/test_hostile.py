"""A hostile file ends in Problems, soon and in little memory, and nothing of it is run."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_jobkit.converting.files import convert_file
from airflow_jobkit.converting.python_source import convert_python

CASES = Path(__file__).parents[2] / "cases" / "convert" / "python"

DAG = "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
IN_DAG = DAG + 'with DAG("d", schedule=None):\n'

PYTHON = {
    "a text that doubles": DAG + "a = 'x'\n" + "a = a + a\n" * 60 + "with DAG(a): pass\n",
    "a text in fields": "a = 'x' * 90000\nb = f\"" + "{a}" * 5000 + '"\n',
    "a text times a number": "a = 'x' * 10**9\nb = 'x' * 1000000000\n",
    "a wide field": "a = f'{1:1000000000}'\nb = '{:>999999999}'.format(1)\nc = '%999999999d' % 1\n",
    "a text replaced by texts": "a = ('x' * 90000).replace('x', 'y' * 90000)\n",
    "a list that doubles": "a = [1]\n" + "a = a + a\n" * 60,
    "lists in lists": IN_DAG
    + "    a = []\n"
    + "    a = [a, a]\n" * 60
    + "    BashOperator(task_id='t', env=a, bash_command='x')\n",
    "lists compared": "a = []\nb = []\n"
    + "a = [a, a]\nb = [b, b]\n" * 40
    + "c = a == b\nd = sorted([a, b])\n",
    "numbers that grow": "a = 9\n" + "a = a * a\n" * 60,
    "a long number": "a = " + "9" * 100_000 + "\n",
    "loops in loops": "".join(f"{' ' * n}for a in range(1000):\n" for n in range(8)) + " " * 8 + "pass\n",
    "comprehensions": "a = [1 for a in range(9999) for b in range(9999) for c in range(9999)]\n",
    "a range without end": "a = list(range(10**18))\nb = [x for x in range(1000000000000)]\n",
    "a function that calls itself": "def f():\n    return f()\na = f()\n",
    "functions that call each other twice": "def f(n):\n    return f(n) + f(n)\na = f(1)\n",
    "deep brackets": "a = " + "[" * 5000 + "]" * 5000 + "\n",
    "deep minus": "a = " + "-" * 5000 + "1\n",
    "deep calls": "a = " + "f(" * 90 + ")" * 90 + "\n",
    "a long chain": IN_DAG
    + "    t = [BashOperator(task_id=f't{n}', bash_command='x') for n in range(1500)]\n    "
    + " >> ".join(f"t[{n}]" for n in range(1500))
    + "\n",
    "many edges": IN_DAG
    + "    t = [BashOperator(task_id=f't{n}', bash_command='x') for n in range(1000)]\n"
    + "    t >> t\n    t >> t\n",
    "a loop without end": "while True:\n    pass\n",
    "a list that grows while it is read": "a = [1]\nfor b in a:\n    a.append(b)\n",
    "attributes of everything": 'a = "{0.__class__.__mro__}".format(1)\nb = (1).__class__.__bases__\n',
    "what runs": "import os\nos.system('touch RAN')\n__import__('os').system('touch RAN')\n",
    "deep blocks": "".join(f"{' ' * n}if True:\n" for n in range(90)) + " " * 90 + "a = 1\n",
    "a zero byte": "a = 1\0\n",
    "what stands in no function": "return 1\n",
    "what stands in no loop": "break\n",
    "a module that imports itself": "from hostile import a\nimport hostile\nb = hostile.b\na = 1\n",
    "nothing": "",
    "a surrogate": IN_DAG + "    BashOperator(task_id='t', bash_command='\\ud800')\n",
}


@pytest.mark.parametrize("name", PYTHON)
def test_a_hostile_python_file_is_read_in_no_time(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hostile.py"
    file.write_text(PYTHON[name], encoding="utf-8")
    start = time.process_time()
    conversion = convert_file(file)
    assert time.process_time() - start < 20
    assert conversion.text is None or len(conversion.text) < 5_000_000
    assert conversion.left or conversion.text is not None
    assert not (tmp_path / "RAN").exists()


SOURCES = [path.read_text() for path in sorted(CASES.glob("*.py"))]
EXPRESSIONS = st.sampled_from(
    [
        *(
            "None",
            "1",
            "1.5",
            "True",
            "''",
            "[]",
            "{}",
            "()",
            "{1, 2}",
            "f'{dag}'",
            "f'{1:x}{BUCKET!r}'",
            "dag",
        ),
        *(
            "lambda: 1",
            "lambda *a, **k: (a, k)",
            "datetime(1, 1, 1)",
            "datetime(2026, 13, 1)",
            "BUCKET",
            "__doc__",
        ),
        *(
            "timedelta(days=10**12)",
            "timedelta('a')",
            "timedelta(-1)",
            "dag.output",
            "dag['a']",
            "BUCKET['a']",
        ),
        *(
            "[1][5]",
            "{}['a']",
            "{1: 2}",
            "{(1,): 2}",
            "{**{}, 'a': 1}",
            "{**1}",
            "[*[1], *1]",
            "dag >> 1",
            "1 >> dag",
        ),
        *(
            "DAG('x')",
            "DAG()",
            "DAG(1, 2, 3, 4, 5)",
            "TaskGroup('g')",
            "'a' % 1",
            "'%s' % (1, 2)",
            "'{a}'.format()",
        ),
        *(
            "'\\n'",
            "'a: b'",
            "'${env:X}'",
            "'+x'",
            "0x1F",
            "1e400",
            "'x' * 300",
            "'é'",
            "(yield)",
            "await dag",
        ),
        *(
            "(a := 1)",
            "1 if dag else 2",
            "not dag",
            "-dag",
            "-'a'",
            "1 < 'a'",
            "dag in dag",
            "[] and 1",
            "1 / 0",
        ),
        *(
            "[x for x in 5]",
            "[x for x in 'ab' if x]",
            "{x: y for x, y in {'a': 1}.items()}",
            "sum(x for x in [1])",
        ),
        *(
            "sorted([1, 'a'])",
            "len()",
            "int('a')",
            "range('a')",
            "zip(1)",
            "dict(1)",
            "str.upper('a')",
            "print(1)",
        ),
        *(
            "json.dumps(dag)",
            "Variable.get()",
            "Variable.get(1)",
            "os.getenv()",
            "os.environ",
            "open",
            "undefined",
        ),
        *(
            "chain(1)",
            "days_ago()",
            "Label()",
            "task(1)",
            "task()()",
            "task.branch",
            "XComArg(1)",
            "partial(1)",
        ),
        *(
            "[[[]]]",
            "{'a': {'b': {'c': dag}}}",
            "(1, 2)[::0]",
            "'abc'[::-1]",
            "globals()",
            "dag.get_task('x')",
        ),
    ]
)


def swapped(text: str, number: int, expression: str) -> str:
    """A text with another expression in the place of one of its own; as it is where it has none."""
    lines = [0]
    for line in text.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    try:
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.expr)]
    except SyntaxError:
        return text
    node = nodes[number % len(nodes)]
    start, end = lines[node.lineno - 1] + node.col_offset, lines[node.end_lineno - 1] + node.end_col_offset
    return text[:start] + expression + text[end:]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.integers(0, 10_000), EXPRESSIONS), max_size=4))
def test_any_python_file_is_converted_or_told(text: str, changes: list[tuple[int, str]]) -> None:
    for number, expression in changes:
        text = swapped(text, number, expression)
    conversion = convert_python("a.py", text, Path("nowhere/a.py"))
    assert conversion.left or conversion.text is not None
    assert all(problem.line >= 1 and problem.column >= 1 for problem in conversion.left)
    if conversion.text is not None:
        assert isinstance(yaml.safe_load(conversion.text), dict)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("a.py", b"\xff\xfe\x00", "a.py:1:1 not UTF-8 text", id="binary"),
        pytest.param("a.py", b"a = 1\nb = '\xff'\n", "a.py:2:6 not UTF-8 text", id="not UTF-8"),
        pytest.param("a.yaml", b"a: 1\n\0b: 2\n", "a.yaml:2:1 not text: it holds a zero byte", id="a zero"),
        pytest.param("a.txt", b"a", "a.txt:1:1 neither Python nor YAML", id="another ending"),
        pytest.param("defaults.yaml", b"a: 1", "defaults.yaml holds no DAGs", id="defaults"),
        pytest.param("a.py", b"x" * 2_000_000, "and 1,048,576 are the most", id="too large"),
        pytest.param("a.yaml", b"", "the file is empty", id="empty"),
        pytest.param("a.yaml", b"a: &a\n  tasks: *a\n", "holds itself", id="a knot"),
        pytest.param("a.yaml", b"[" * 5000, "100 levels deep", id="deep"),
        pytest.param("a.py", b"def f(:\n", "a.py:1:7 not Python", id="not Python"),
    ],
)
def test_what_cannot_be_read_is_a_problem_at_its_place(
    name: str, data: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data)
    conversion = convert_file(tmp_path / name)
    assert said in "\n".join(problem.headline() for problem in conversion.left)
