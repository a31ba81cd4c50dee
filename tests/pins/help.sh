#!/bin/sh
# Print what `make help` shows: the targets of a Makefile that carry a `##` description, and the variables.
set -eu

bold=""; plain=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m'); plain=$(printf '\033[0m'); fi

line() { printf '  %s%-12s%s %s\n' "$bold" "$1" "$plain" "$2"; }

echo "Targets"
sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)$/\1|\2/p' "$1" | while IFS='|' read -r target description; do
    line "$target" "$description"
done
cat <<EOF

Variables
EOF
line AIRFLOW "the Amazon MWAA version of test-core, test-engines and matrix: $VERSIONS (default $AIRFLOW)"
line ENGINE "the engine of run: local, glue or databricks (default local)"
line ARGS "more arguments for run and the tests, such as ARGS='-k factory -x'"
line CELLS "for matrix: only cells whose names hold these words, such as CELLS='ours glue throttle'"
line MWAA "for pins: a folder with <version>/airflow_constraints.txt and essential_constraints.txt"
line PYTHON "the Python to create an environment with; by default the first one found that works"
