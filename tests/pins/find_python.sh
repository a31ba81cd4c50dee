#!/bin/sh
# Print the path of a Python that works here, or say what to install.
#
#   find_python.sh 3.11 3.12 3.13     the first of these versions that is found
#
# A candidate counts only when it runs: pyenv puts a `python3.12` on PATH that fails unless 3.12 is selected.
# The variable PYTHON, if set, is tried first.
set -eu

usable=""      # a Python that fits
unfinished=""  # one that fits, but cannot create environments (Debian: python3-venv is missing)

try() {  # try <command> <version>: does it run, is it that version, can it create environments?
    answer=$("$1" -c '
import sys
print("%d.%d" % sys.version_info[:2], end=" ")
base = getattr(sys, "_base_executable", None) or sys.executable  # not an activated environment, but its origin
try:
    import ensurepip, venv
    print("complete", base)
except ImportError:
    print("unfinished", base)
' 2>/dev/null) || return 1
    case $answer in
        "$2 complete "*) usable=${answer#* complete } ;;
        "$2 unfinished "*) unfinished=$2; return 1 ;;
        *) return 1 ;;
    esac
}

try_any() {  # try_any <command> <version>...
    command=$1; shift
    for version in "$@"; do
        try "$command" "$version" && return 0
    done
    return 1
}

search() {  # search <version>...
    if [ -n "${PYTHON:-}" ]; then
        try_any "$PYTHON" "$@" && return 0
        echo "PYTHON=$PYTHON is not a working Python $versions; looking for another." >&2
    fi
    for version in "$@"; do
        try "python$version" "$version" && return 0
    done
    try_any python3 "$@" && return 0
    pyenv_root=$(pyenv root 2>/dev/null) || pyenv_root=${PYENV_ROOT:-$HOME/.pyenv}
    for version in "$@"; do
        for candidate in "$pyenv_root/versions/$version".*/bin/python; do
            [ -x "$candidate" ] && try "$candidate" "$version" && return 0
        done
    done
    return 1
}

versions=$(echo "$*" | sed 's/ / or /g')
if search "$@"; then
    echo "$usable"
elif [ -n "$unfinished" ]; then
    cat >&2 <<EOF
Python $unfinished is here, but it cannot create environments: its venv module is incomplete.
On Debian and Ubuntu:  sudo apt-get install python3-venv   (or python$unfinished-venv)
EOF
    exit 1
else
    first=$1
    cat >&2 <<EOF
No working Python $versions was found (looked at \$PYTHON, PATH and pyenv's versions).
Install one, for example:
    apt-get install python$first python3-venv    (Debian, Ubuntu)
    brew install python@$first                   (macOS)
    pyenv install $first
or name one:  make <target> PYTHON=/path/to/python$first
EOF
    exit 1
fi
