#!/usr/bin/env bash
# Checks the page's types, and that the scripts in dist/ are what its sources compile to. With --write it compiles them.
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v npm >/dev/null; then
    echo "skipped: the page's types (npm is not installed)"
    exit 0
fi
npm ci --no-audit --no-fund --silent
if [ "${1:-}" = --write ]; then
    rm -rf dist
    npx tsc
    exit 0
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
npx tsc --outDir "$new"
diff -r "$new" dist || {
    echo "page/dist is not what page/src compiles to: run page/check.sh --write" >&2
    exit 1
}
