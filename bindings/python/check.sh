#!/usr/bin/env bash
# Builds the wheel, installs it in a virtual environment of its own, and runs its tests there; arguments are pytest's. With RELEASE=1 the wheel is the
# one that is shipped (`wheels.sh`), otherwise it is built as `cargo test` builds: what that has built is used again, and the system's glibc is needed.
# Needs Python 3.11 or newer, and PyPI.
set -euo pipefail
cd "$(dirname "$0")"

target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
environment=$target/python

if ! [ -f "$environment/ready" ] || ! cmp -s tests/requirements.txt "$environment/ready"; then
    if ! python3 -m venv --clear "$environment"; then
        echo "skipped: the wheel (python3 with venv is not installed)"
        exit 0
    fi
    if ! "$environment/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt 2>"$environment/pip.log"; then
        echo "skipped: the wheel (its tools cannot be installed: $(tail -n 1 "$environment/pip.log"))"
        exit 0
    fi
    cp tests/requirements.txt "$environment/ready"
fi

"$environment/bin/python" licences.py --check

wheels=$target/wheels
rm -rf "$wheels"
if [ -n "${RELEASE:-}" ]; then
    PATH=$environment/bin:$PATH ./wheels.sh "$wheels"
else
    "$environment/bin/maturin" build --quiet --strip --profile dev --out "$wheels"
    echo "skipped: the wheel's glibc (RELEASE=1 builds and checks the wheel that is shipped)"
fi
wheel=$(echo "$wheels"/*-abi3-*.whl)
size=$(wc -c <"$wheel")
printf '%s: %d kB\n' "${wheel##*/}" $((size / 1000))
if [ "$size" -ge 15000000 ]; then
    printf 'the wheel has grown beyond 15 MB\n' >&2
    exit 1
fi

# The wheel alone is enough: nothing that it needs at all is left to be installed.
"$environment/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps --no-index "$wheel"
exec "$environment/bin/python" -m pytest "$@"
