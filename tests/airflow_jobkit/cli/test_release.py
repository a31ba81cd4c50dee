"""`jobkit release` publishes to a code root on S3 as it does in a folder, lists, promotes and verifies."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from files import Write
from releases import publish_texts

from airflow_jobkit.cli import main
from airflow_jobkit.release import Manifest, ManifestFile, open_store

WHEEL = "wheels/dwh-0.1.0-py3-none-any.whl"


@pytest.fixture
def on_s3(project: Write, bucket: str) -> str:
    """A project whose code root is on S3, and a built release in `built/`."""
    root = f"s3://{bucket}/code-prefix"
    project(
        "dags/jobkit.yaml",
        f'project: dwh\ncode: {{root: "{root}", version: 0.1.0}}\nenvironments: {{local: {{}}}}\n',
    )
    project(f"built/{WHEEL}", "a wheel")
    manifest = Manifest(
        project="dwh",
        version="0.1.0",
        files=(ManifestFile.of(WHEEL, b"a wheel"),),
        jobs=(),
        envelope_versions=(1,),
        runtime_version="0.1.0",
    )
    Path("built/manifest.json").write_bytes(manifest.to_bytes())
    return root


def test_publish_puts_a_release_on_s3_and_list_shows_it(
    on_s3: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "publish", "--from", "built"]) == 0
    assert capsys.readouterr().out.endswith(
        f"  at {on_s3}/releases/0.1.0\n"
        f"dags/.jobkit/releases.json is of the environment local now, at {on_s3}\n"
    )
    assert main(["release", "publish", "--from", "built"]) == 0
    assert "already published, the same bytes: dwh 0.1.0" in capsys.readouterr().out
    assert main(["release", "list"]) == 0
    assert capsys.readouterr().out == f"0.1.0  (default)  {on_s3}/releases/0.1.0\n"
    index = json.loads(Path("dags/.jobkit/releases.json").read_text())
    assert (index["code_root"], list(index["releases"])) == (on_s3, ["0.1.0"])


def test_a_bucket_that_is_not_there_is_said_in_one_line(
    project: Write, s3: object, capsys: pytest.CaptureFixture[str]
) -> None:
    project(
        "dags/jobkit.yaml",
        "project: dwh\ncode: {root: s3://not-there/code}\nenvironments: {local: {}}\n",
    )
    assert main(["release", "list"]) == 1
    said = capsys.readouterr().err
    assert "s3://not-there/code/releases: S3 says NoSuchBucket" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("action", ["publish", "list", "promote 0.1.0", "verify 0.1.0"])
def test_where_files_are_named_one_by_one_there_are_no_releases(
    action: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project(
        "dags/jobkit.yaml",
        """\
        project: dwh
        code: {entry_point: "s3://b/{code_version}/entry.py"}
        runs: s3://b/runs
        environments: {local: {}}
        """,
    )
    assert main(["release", *action.split()]) == 1
    said = capsys.readouterr().err
    assert "the environment local names its files one by one" in said
    assert "so it has no releases and no channels" in said


@pytest.fixture
def code_root(project: Write) -> Path:
    """The code root of a project, with the versions 1.0.0 and 1.1.0 published."""
    project("dags/jobkit.yaml", "project: dwh\ncode: {version: stable}\nenvironments: {local: {}}\n")
    root = Path(".jobkit/code").absolute()
    for version in ("1.0.0", "1.1.0"):
        publish_texts(version, root)
    return root


def test_promote_says_what_the_channel_names_and_named_and_tells_the_dags(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for arguments in (["1.0.0"], ["1.1.0"], ["1.1.0"], ["1.0.0", "--channel", "last-year"]):
        assert main(["release", "promote", *arguments]) == 0
        first, second = capsys.readouterr().out.splitlines()
        said.append(re.sub("digest [0-9a-f]{12}", "digest", first))
        assert second == f"dags/.jobkit/releases.json is of the environment local now, at {code_root}"
    assert said == [
        "channel stable is new, and names 1.0.0 (digest)",
        "channel stable names 1.1.0 (digest); before, it named 1.0.0",
        "channel stable names 1.1.0 (digest) already; nothing changed",
        "channel last-year is new, and names 1.0.0 (digest)",
    ]
    index = json.loads(Path("dags/.jobkit/releases.json").read_text())
    assert index["channels"] == {"last-year": "1.0.0", "stable": "1.1.0"}
    assert index["code_root"] == str(code_root)


def test_promote_says_of_which_environment_and_code_root_the_index_is(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Path("dags/jobkit.yaml")
    project.write_text(project.read_text().replace("local: {}", "local: {}, prod: {code: {root: /prod}}"))
    project.write_text(project.read_text().replace("/prod", f"{code_root}-of-prod"))
    publish_texts("1.0.0", Path(f"{code_root}-of-prod"))
    assert main(["release", "promote", "1.0.0", "--env", "local"]) == 0
    assert main(["release", "promote", "1.0.0", "--env", "prod"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"dags/.jobkit/releases.json is of the environment prod now, at {code_root}-of-prod"
    index = json.loads(Path("dags/.jobkit/releases.json").read_text())
    assert index["code_root"] == f"{code_root}-of-prod"


@pytest.mark.usefixtures("code_root")
def test_list_shows_the_channels_of_each_version(capsys: pytest.CaptureFixture[str]) -> None:
    for version, channel in (("1.0.0", "stable"), ("1.0.0", "approved"), ("1.1.0", "canary")):
        assert main(["release", "promote", version, "--channel", channel]) == 0
    capsys.readouterr()
    assert main(["release", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  ")[0] for line in lines] == [
        "1.1.0  (canary)",
        "1.0.0  (default, approved, stable)",
    ]
    assert main(["release", "list", "--format", "json"]) == 0
    listed = {one["version"]: one["channels"] for one in json.loads(capsys.readouterr().out)}
    assert listed == {"1.1.0": ["canary"], "1.0.0": ["approved", "stable"]}


def test_list_tells_of_a_channel_whose_version_is_gone(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "promote", "1.0.0"]) == 0
    (code_root / "releases/1.0.0/manifest.json").unlink()
    capsys.readouterr()
    assert main(["release", "list"]) == 0
    assert "channel stable names 1.0.0, which is not published; " in capsys.readouterr().out
    (code_root / "channels/beta.json").write_text("garbage")
    assert main(["release", "list", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"version": "1.1.0", "location": f"{code_root}/releases/1.1.0", "channels": []},
        {"version": "1.0.0", "location": None, "channels": ["stable"]},
        {"version": None, "location": None, "channels": ["beta"]},
    ]


def test_promote_says_what_it_did_before_it_says_that_the_dags_do_not_know(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file of another channel is not this one's matter, but the index has to have all of them."""
    assert main(["release", "promote", "1.0.0"]) == 0
    index = Path("dags/.jobkit/releases.json")
    before = index.read_bytes()
    beta = code_root / "channels/beta.json"
    beta.write_text("garbage")
    capsys.readouterr()
    assert main(["release", "promote", "1.1.0", "--channel", "canary"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("channel canary is new, and names 1.1.0 (digest ")
    assert "channel canary names 1.1.0, but dags/.jobkit/releases.json is not written" in shown.err
    assert f"{beta} is not a ChannelPointer" in shown.err
    assert shown.err.count("\n") == 1
    assert index.read_bytes() == before
    beta.unlink()
    assert main(["release", "promote", "1.1.0", "--channel", "canary"]) == 0
    assert json.loads(index.read_text())["channels"] == {"canary": "1.1.0", "stable": "1.0.0"}


def test_publish_says_what_it_did_before_it_says_that_the_dags_do_not_know(
    on_s3: str, capsys: pytest.CaptureFixture[str]
) -> None:
    open_store(on_s3).create("channels/beta.json", b"garbage")
    assert main(["release", "publish", "--from", "built"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("published dwh 0.1.0 ")
    assert "0.1.0 is published, but dags/.jobkit/releases.json is not written" in shown.err


def test_list_names_a_channel_that_cannot_be_read_beside_the_others(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "promote", "1.0.0"]) == 0
    (code_root / "channels/beta.json").write_text("garbage")
    capsys.readouterr()
    assert main(["release", "list"]) == 0
    shown = capsys.readouterr().out
    assert "1.0.0  (default, stable)  " in shown
    assert f"channel beta cannot be read: {code_root}/channels/beta.json is not a ChannelPointer" in shown


@pytest.mark.usefixtures("code_root")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["2.0.0"], "There are: 1.1.0, 1.0.0", id="a version that is not published"),
        pytest.param(["Stable"], "Channels are in lower case: did you mean stable?", id="a channel, nearly"),
        pytest.param([""], "that is not how a version is written", id="nothing"),
        pytest.param(["1.0.0", "--channel", "V1"], "'V1' is no name for a channel", id="a name"),
        pytest.param(
            ["1.0.0", "--channel", "default"], "'default' is no name for a channel", id="the mark of a list"
        ),
    ],
)
def test_promote_says_in_one_line_what_cannot_be(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "promote", *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_verify_says_good_or_names_every_damaged_file(
    code_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "promote", "1.1.0"]) == 0
    capsys.readouterr()
    for asked, version in (("1.0.0", "1.0.0"), ("stable", "1.1.0")):
        assert main(["release", "verify", asked]) == 0
        shown = capsys.readouterr().out
        assert re.fullmatch(rf"good: dwh {re.escape(version)} \(digest [0-9a-f]{{12}}\), 2 files\n", shown)
    wheel = code_root / "releases/1.1.0/wheels/dwh-1.1.0-py3-none-any.whl"
    wheel.write_text("changed")
    for asked in ("1.1.0", "stable"):
        assert main(["release", "verify", asked]) == 1
        assert f"{wheel} is changed" in capsys.readouterr().err
    wheel.unlink()
    assert main(["release", "verify", "1.1.0"]) == 1
    assert f"{wheel} is missing" in capsys.readouterr().err
    assert main(["release", "verify", "1.0.0"]) == 0
    assert main(["release", "verify", "Stable"]) == 1
    assert "did you mean stable?" in capsys.readouterr().err
    assert main(["release", "verify", "3.0.0"]) == 1
    assert "There are: 1.1.0, 1.0.0" in capsys.readouterr().err
