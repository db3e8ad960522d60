#!/usr/bin/env bash
# Makes the pictures of docs/guide/sheets.md and the gallery of the README anew, from drawn content and built-in styles. Run it from the repository's root, with a program that
# is built: IMPASTO=target/release/impasto docs/guide/pictures/sheets.sh
set -euo pipefail
impasto=${IMPASTO:-target/release/impasto}
drawn=$(mktemp -d)
trap 'rm -r "$drawn"' EXIT

cargo run --quiet -p impasto-draw --example content -- "$drawn" 480 320 1 >/dev/null

cd docs/guide/pictures
impasto=$(cd "$OLDPWD" && realpath "$impasto")
"$impasto" sheet "$drawn/landscape-0.png" -s starry -s mosaic -s ink-wash --strengths 0.3,0.6,1 --columns 3 --size 180 --quality 75 -o sheet.jpg --force
"$impasto" sheet "$drawn/landscape-0.png" -s starry -s mosaic -s ink-wash --strip --size 140 --quality 80 -o strip.jpg --force
"$impasto" sheet "$drawn/landscape-0.png" --columns 7 --size 200 --quality 70 -o gallery.jpg --force
