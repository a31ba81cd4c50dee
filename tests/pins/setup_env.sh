#!/bin/sh
# Create or refresh one environment, so that it holds exactly the pins and this project.
#
#   setup_env.sh <environment> <pins file> <python version>...
#
# Does nothing when the environment was made from the same pins by the same files, at the same place.
set -eu

here=$(dirname "$0")
environment=$1; pins=$2; shift 2
place=$environment/.jobkit-place    # where the environment was created: it does not survive a move
stamp=$environment/.jobkit-stamp    # what it was made from
log=$environment.log

# What of the caller's shell would send packages elsewhere, or bring others in.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT UV_SYSTEM_PYTHON UV_PYTHON UV_TARGET \
    PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_CONSTRAINT PIP_REQUIREMENT PIP_REQUIRE_VIRTUALENV UV_CONSTRAINT \
    UV_OVERRIDE UV_REQUIRE_HASHES PIP_REQUIRE_HASHES 2>/dev/null || true
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1

state() { cat "$pins" pyproject.toml airflow_jobkit/__init__.py "$0" | cksum; }
created() { [ -x "$environment/bin/python" ] && [ "$(cat "$place" 2>/dev/null)" = "$(pwd)" ]; }

if created && [ "$(cat "$stamp" 2>/dev/null)" = "$(state)" ]; then
    exit 0
fi

run() {  # run <command>...: its output is shown only when it fails
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        echo "Setting up $environment failed: $*" >&2
        exit 1
    fi
}

# A mirror that pip is told to use is used by uv as well.
mirror() {
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        index=${PIP_INDEX_URL:-$("$environment/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
        if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
    fi
}

compile=
mkdir -p "$(dirname "$environment")"
if created; then
    echo "Refreshing $environment ..."
else
    python=$(sh "$here/find_python.sh" "$@")
    uv_pin=$(grep '^uv==' "$here/dev.txt")
    echo "Setting up $environment with $("$python" -V) (about a minute the first time) ..."
    run "$python" -m venv --clear "$environment"
    run "$environment/bin/python" -m pip install --quiet "$uv_pin"
    pwd >"$place"
    # Once, and on all cores: otherwise the first tests pay for it, each process on its own.
    compile=--compile-bytecode
fi
mirror
printf -- '--editable .\n' >"$environment/project.txt"
run "$environment/bin/uv" pip sync --python "$environment/bin/python" --reinstall-package airflow-jobkit $compile \
    "$pins" "$environment/project.txt"
rm -f "$log"
state >"$stamp"
