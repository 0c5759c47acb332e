#!/usr/bin/env bash
# image/bundle.sh ROOT_IMAGE BOOT_IMAGE VERSION BUNDLE: packs and signs an update (RAUC, verity).
source "$(dirname "$(readlink -f "$0")")/common.sh"

folder=$(mktemp -d "$(dirname "$4")/bundle.XXXX")
trap 'rm -rf "$folder"' EXIT
ln "$1" "$folder/root.img" 2>/dev/null || cp "$1" "$folder/root.img"
ln "$2" "$folder/boot.img" 2>/dev/null || cp "$2" "$folder/boot.img"
cat >"$folder/manifest.raucm" <<M
[update]
compatible=cairn-$TARGET
version=$3

[bundle]
format=verity

[image.rootfs]
filename=root.img

[image.boot]
filename=boot.img
M
rm -f "$4"
rauc bundle --cert="$SIGNING_CERT" --key="$SIGNING_KEY" --keyring="$SIGNING_CERT" "$folder" "$4" >&2
