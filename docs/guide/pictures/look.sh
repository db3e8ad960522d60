#!/bin/sh
# Makes the pictures of colours.md, masks.md, strokes.md and strength.md. Run it in the repository's root, after `cargo build --release`:
#     docs/guide/pictures/look.sh [PROGRAM]
set -eu
impasto=${1:-target/release/impasto}
out=docs/guide/pictures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo run -q --release -p impasto-draw --example content -- "$work" 480 320 1
photo=$work/landscape-0.png
fruit=$work/still-life-0.png

# Pictures side by side, without a tool besides.
row() {
    target=$1
    shift
    if command -v montage > /dev/null; then
        montage "$@" -tile x1 -geometry 320x+4+4 -quality 82 -strip "$target"
    else
        echo "skipped: $target (montage of ImageMagick is absent)" >&2
    fi
}

paint() {
    name=$1
    shift
    "$impasto" stylize -q --force "$@" -o "$work/$name.png"
}

for colors in style content luminance; do
    paint "colors-$colors" "$fruit" -s mosaic --colors "$colors"
done
row "$out/colours.jpg" "$fruit" "$work/colors-style.png" "$work/colors-content.png" "$work/colors-luminance.png"

for strength in 0 0.25 0.5 0.75 1; do
    paint "strength-$strength" "$photo" -s starry --strength "$strength"
done
row "$out/strength.jpg" "$work/strength-0.png" "$work/strength-0.25.png" "$work/strength-0.5.png" "$work/strength-0.75.png" "$work/strength-1.png"

# A mask of two pixels: any size of the content's proportions will do, and this is the smallest.
printf 'P2 3 2 255\n255 255 255\n0 0 0\n' > "$work/sky.pgm"
convert "$work/sky.pgm" "$work/sky.png"
paint mask "$photo" -s starry --mask "$work/sky.png" --feather 20
paint regions "$photo" -s "starry@$work/sky.png" -s mosaic --feather 20
row "$out/masks.jpg" "$photo" "$work/mask.png" "$work/regions.png"

for stroke in 0.5 1 2; do
    paint "stroke-$stroke" "$photo" -s starry --stroke "$stroke"
done
row "$out/strokes.jpg" "$work/stroke-0.5.png" "$work/stroke-1.png" "$work/stroke-2.png"
