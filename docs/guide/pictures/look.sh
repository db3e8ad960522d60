#!/usr/bin/env bash
# Makes the pictures of docs/guide/colours.md, masks.md, strength.md and strokes.md anew, from drawn content and built-in styles. Run it from the
# repository's root, with a program that is built: IMPASTO=target/release/impasto docs/guide/pictures/look.sh
# It needs ImageMagick, which draws the mask and puts pictures side by side.
set -euo pipefail
impasto=${IMPASTO:-target/release/impasto}
out=docs/guide/pictures
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

cargo run --quiet -p impasto-draw --example content -- "$work" 480 320 1 >/dev/null
photo=$work/landscape-0.png
fruit=$work/still-life-0.png

row() {
    montage "${@:2}" -tile x1 -geometry 240x+3+3 -quality 75 -strip "$out/$1"
}

paint() {
    "$impasto" stylize -q --force "${@:2}" -o "$work/$1.png"
}

for colors in style content luminance; do
    paint "colors-$colors" "$fruit" -s mosaic --colors "$colors"
done
row "colours.jpg" "$fruit" "$work/colors-style.png" "$work/colors-content.png" "$work/colors-luminance.png"

for strength in 0 0.25 0.5 0.75 1; do
    paint "strength-$strength" "$photo" -s starry --strength "$strength"
done
row "strength.jpg" "$work/strength-0.png" "$work/strength-0.25.png" "$work/strength-0.5.png" "$work/strength-0.75.png" "$work/strength-1.png"

convert -size 48x32 xc:white -fill black -draw 'rectangle 0,14 47,31' "$work/sky.png"
paint mask "$photo" -s starry --mask "$work/sky.png" --feather 20
paint regions "$photo" -s "starry@$work/sky.png" -s mosaic --feather 20
row "masks.jpg" "$photo" "$work/mask.png" "$work/regions.png"

# Parts at 1:1 of a larger picture: strokes are for prints.
mkdir "$work/large"
cargo run --quiet -p impasto-draw --example content -- "$work/large" 1440 960 1 >/dev/null
for stroke in 0.5 1 2; do
    paint "stroke-$stroke" "$work/large/landscape-0.png" -s starry --stroke "$stroke"
    convert "$work/stroke-$stroke.png" -crop 240x240+480+180 +repage "$work/stroke-$stroke.png"
done
row "strokes.jpg" "$work/stroke-0.5.png" "$work/stroke-1.png" "$work/stroke-2.png"
