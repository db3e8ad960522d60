#!/usr/bin/env bash
# Builds the wheels that are shipped into a folder: one for CPython 3.10 and later, and one for the free-threaded python3.14t if it is installed (PyO3
# supports none before). On Linux they run with glibc 2.17 (2014) and later: zig links them, and auditwheel checks them. Needs maturin, and on Linux
# ziglang and auditwheel, all of PyPI:
#
#     pip install maturin ziglang auditwheel && ./wheels.sh wheels
set -euo pipefail
folder=$(mkdir -p "${1:?usage: wheels.sh FOLDER}" && cd "$1" && pwd)
cd "$(dirname "$0")"

options=(--release --strip --out "$folder")
linux=$([ "$(uname -s)" = Linux ] && echo yes || true)
if [ -n "$linux" ]; then
    python3 -m ziglang version >/dev/null 2>&1 || python3 -m pip install --quiet --disable-pip-version-check ziglang
    options+=(--zig --compatibility manylinux2014)
fi

maturin build "${options[@]}"
if command -v python3.14t >/dev/null; then
    # It has no stable interface.
    maturin build "${options[@]}" --no-default-features --interpreter python3.14t
else
    echo "skipped: a wheel for python3.14t, which is not installed"
fi

[ -n "$linux" ] || exit 0
for wheel in "$folder"/*.whl; do
    # The tag that auditwheel finds, in quotes, not the one that the name claims.
    told=$(python3 -m auditwheel show "$wheel")
    if ! grep -Eq '"manylinux_2_(5|12|17)_[a-z0-9_]+"' <<<"$told"; then
        printf '%s\n%s needs a newer glibc than 2.17\n' "$told" "${wheel##*/}" >&2
        exit 1
    fi
done
