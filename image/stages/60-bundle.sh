#!/usr/bin/env bash
# The update: both images of a slot, signed. A box with an older image of the same signer takes it (`rauc install`).
source "$(dirname "$(readlink -f "$0")")/../common.sh"

make_development_key
"$ROOT/image/bundle.sh" "$WORK/slots/root.img" "$WORK/slots/boot.img" "$(image_version)" "$OUT/cairn-$TARGET.raucb"
