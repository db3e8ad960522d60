#!/usr/bin/env bash
# Makes the built-in styles: draws them, lets each learn, and writes the gallery. About half an hour on two cores.
#
#     crates/impasto/models/learn.sh PHOTOS WORK -- --perceptual vgg19 --perceptual encoder_relu5_1.pth
#
# PHOTOS is a folder of photos to paint while learning. WORK keeps pictures and styles, so that the
# script goes on where it was interrupted. What follows `--` is given to `impasto styles learn`. docs/model-card.md says which
# photos and networks the shipped gallery was made with.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,8p' "$0" | cut -c3-; exit 2; }
photos=$(realpath "$1") work=$(realpath -m "$2")
shift 2
[ "${1:-}" != -- ] || shift
cd "$(dirname "$0")/../../.."

# Styles whose marks are small learn from quarters of their picture: strokes become twice as wide.
small=" charcoal cross-hatching dot-painting engraving halftone impasto mosaic op-art pastel pointillism starry terrazzo woodcut "

mkdir -p "$work/learned"
cargo run --release -p impasto-draw --example quarters -- "$work/drawn"
cargo build --release
for picture in "$work"/drawn/*[!0-9].png; do
    name=$(basename "$picture" .png)
    [ ! -e "$work/learned/$name.style" ] || continue
    pictures=("$picture")
    case $small in *" $name "*) pictures=("$work/drawn/$name"-[0-3].png) ;; esac
    target/release/impasto styles learn "${pictures[@]}" -o "$work/learned/$name.style" --name "$name" --force \
        --contents "$photos" --steps 60 --content-weight 0.3 "$@"
done
cargo run --release -p impasto --example gallery -- \
    crates/impasto/models/impasto.safetensors crates/impasto/models/styles.safetensors "$work/learned"
