"""What holds the repository together: pins, Makefile, CI and the Docker set-up agree with each other."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "tests" / "pins"
PIN_FILES = sorted(PINS.glob("*.txt"))
MWAA_FILES = sorted(PINS.glob("mwaa-*.txt"))
MWAA_VERSIONS = {path.stem.removeprefix("mwaa-") for path in MWAA_FILES}

PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; [^:]+)?")
REGISTRIES = [".".join(host) for host in (("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"))]
THIS_MACHINE = re.compile(r"(?<![\w.$}])/(root|work|tmp|home/\w+|Users/\w+)/")


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split(" ;")[0].split("==") for line in lines)


def tracked_files() -> list[Path]:
    """Return the files of the repository: those committed, and those about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("path", PIN_FILES, ids=lambda path: path.name)
def test_pin_files_hold_exact_versions_and_no_address(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert "://" not in path.read_text()


@pytest.mark.parametrize("path", MWAA_FILES, ids=lambda path: path.name)
def test_an_mwaa_pin_file_names_its_python_and_holds_its_airflow(path: Path) -> None:
    assert re.match(r"# python: 3\.\d+\n", path.read_text())
    assert pins(path)["apache-airflow"] == path.stem.removeprefix("mwaa-")
    assert not {"pyspark", "moto"} & pins(path).keys()


def test_all_supported_mwaa_versions_have_pins() -> None:
    assert {"2.10.3", "2.11.0", "2.11.2", "3.0.6", "3.2.1", "3.3.1"} == MWAA_VERSIONS


def test_uv_is_pinned_with_the_development_environment() -> None:
    assert "uv" in pins(PINS / "dev.txt")


def test_no_file_holds_a_registry_address() -> None:
    def offends(path: Path) -> bool:
        content = path.read_bytes()
        return any(host.encode() in content for host in REGISTRIES)

    assert [str(path.relative_to(ROOT)) for path in tracked_files() if offends(path)] == []


def test_no_build_file_holds_a_path_of_one_machine() -> None:
    files = [ROOT / "Makefile", ROOT / ".ci" / "run", *PINS.iterdir()]
    assert [path.name for path in files if path.is_file() and THIS_MACHINE.search(path.read_text())] == []


def make_help() -> str:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    # Not the variables of the `make test` that may be running this test.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    shown = subprocess.run(
        [make, "help"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return shown.stdout


def test_make_help_lists_every_described_target() -> None:
    described = re.findall(r"^([\w-]+):.*?## (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    shown = make_help()
    assert {"run", "test", "test-core", "check", "fmt", "pins", "clean"} <= {
        target for target, _ in described
    }
    for target, description in described:
        assert re.search(rf"^  {target} +{re.escape(description)}$", shown, flags=re.MULTILINE), target


def test_make_help_is_plain_when_it_is_not_a_terminal_and_names_the_versions() -> None:
    shown = make_help()
    assert "\033" not in shown
    assert set(re.findall(r"\d+\.\d+\.\d+", shown)) >= MWAA_VERSIONS


def test_make_targets_that_do_something_are_described() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == set(re.findall(r"^([a-z][\w-]*):.*## ", makefile, flags=re.MULTILINE))


def test_ci_can_be_executed_and_tests_versions_that_exist() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    versions = re.findall(r"AIRFLOW=(\S+)", script.read_text())
    assert versions
    assert set(versions) <= MWAA_VERSIONS


class TestDockerCompose:
    FILE = ROOT / "docker-compose.yaml"
    SERVICE = yaml.safe_load(FILE.read_text())["services"]["airflow"]

    def test_mounts_and_copies_what_exists(self) -> None:
        mounted = [volume.split(":")[0] for volume in self.SERVICE["volumes"]]
        folders = [source for source in mounted if source.startswith(".")]
        assert "./dags" in folders
        copied = re.findall(
            r"^COPY (?:--\S+ )?(.+) \S+$", self.SERVICE["build"]["dockerfile_inline"], re.MULTILINE
        )
        sources = [source for line in copied for source in line.split()]
        assert [name for name in [*folders, *sources] if not (ROOT / name).exists()] == []

    def test_runs_the_airflow_that_the_pins_name(self) -> None:
        version = pins(PINS / "dev.txt")["apache-airflow"]
        images = re.findall(r"apache/airflow:(\S+?)-python3\.11", self.FILE.read_text())
        assert images
        assert set(images) == {version}

    def test_is_reachable_from_this_machine_only_and_not_as_root(self) -> None:
        assert all(port.startswith("127.0.0.1:") for port in self.SERVICE["ports"])
        assert not self.SERVICE["user"].startswith(("0", "root"))
        assert self.SERVICE["healthcheck"]["test"]
        assert self.SERVICE["environment"]["JOBKIT_ENV"] == "local"
