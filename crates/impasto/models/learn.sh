#!/usr/bin/env bash
# Makes the built-in styles: draws them, lets each learn, and writes the gallery. About half an hour on two cores.
#
#     crates/impasto/models/learn.sh PHOTOS WORK -- --perceptual vgg19 --perceptual encoder_relu5_1.pth
#
# PHOTOS is a folder of photos to paint while learning. WORK keeps pictures and styles, so an interrupted run can be
# continued. What follows `--` is given to `impasto styles learn`. docs/model-card.md says which photos and networks the
# shipped gallery was made with.
#
# If the gallery has learned for an earlier version of the model, START=built-in starts each style from what it has
# learned; a third of the steps is then enough. START=FOLDER takes the files NAME.style of a folder instead.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,11p' "$0" | cut -c3-; exit 2; }
photos=$(realpath "$1") work=$(realpath -m "$2")
shift 2
[ "${1:-}" != -- ] || shift
cd "$(dirname "$0")/../../.."

mkdir -p "$work/learned"
# A style's picture is NAME.png; where its marks are small, NAME-0.png to NAME-3.png.
cargo run --release -p impasto-draw --example lessons -- "$work/drawn"
cargo build --release # With the new model and the gallery so far.
for name in $(cd "$work/drawn" && printf '%s\n' *.png | sed 's/\(-[0-3]\)\?\.png$//' | sort -u); do
    [ ! -e "$work/learned/$name.style" ] || continue
    pictures=("$work/drawn/$name.png")
    [ -e "${pictures[0]}" ] || pictures=("$work/drawn/$name"-[0-3].png)
    steps=(--steps 60)
    case ${START:-} in
        '') ;;
        built-in) steps=(--steps 20 --start "$name") ;;
        *) steps=(--steps 20 --start "$START/$name.style") ;;
    esac
    target/release/impasto styles learn "${pictures[@]}" -o "$work/learned/$name.style" --name "$name" --force \
        --contents "$photos" "${steps[@]}" --content-weight 0.3 "$@"
done
cargo run --release -p impasto --example gallery -- \
    crates/impasto/models/impasto.safetensors crates/impasto/models/styles.safetensors "$work/learned"
