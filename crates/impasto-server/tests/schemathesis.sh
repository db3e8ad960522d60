#!/usr/bin/env bash
# Asks a running server whatever its OpenAPI description allows, and some that it does not (https://schemathesis.readthedocs.io).
#     schemathesis.sh target/debug/impasto
set -euo pipefail
program=$(realpath "$1")
if ! python3 -m venv --help >/dev/null 2>&1; then
    echo "skipped: schemathesis (python3 with venv is not installed)"
    exit 0
fi
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
if ! "$folder/venv/bin/pip" install --quiet 'schemathesis>=4,<5' >"$folder/pip.log" 2>&1; then
    echo "skipped: schemathesis (it cannot be installed: $(tail -n 1 "$folder/pip.log"))"
    exit 0
fi
"$program" serve --port 0 --quiet >"$folder/address" &
server=$!
for _ in $(seq 100); do
    [ -s "$folder/address" ] && break
    sleep 0.1
done
address=$(cat "$folder/address")
# It keeps notes where it is started.
cd "$folder"
"$folder/venv/bin/schemathesis" run "${address}openapi.json" --url "$address" --seed 1 --max-examples 25 --phases examples,coverage,fuzzing \
    --request-timeout 60 --checks all --exclude-checks positive_data_acceptance,use_after_free,ensure_resource_availability --no-color
