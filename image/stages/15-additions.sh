#!/usr/bin/env bash
# What a board adds to the packages by a program of its own (additions.sh), as another tar above the first one. Kept likewise.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

rm -f "$WORK/additions.tar"
[ -e "$BOARD/additions.sh" ] || exit 0
inputs=$({ hash_of "image/boards/$TARGET" image/stages/15-additions.sh && basename "$(readlink "$WORK/packages.tar")"; } | sha256sum)
tar=$CACHE/additions-$TARGET-${inputs:0:16}.tar
ln -sfn "$tar" "$WORK/additions.tar"
if [ -e "$tar" ] && [ -z "${CAIRN_IMAGE_FRESH:-}" ]; then
  say "what the board adds is there already ($(basename "$tar"))"
  exit 0
fi

# In a copy of the tree, so that nothing of what it takes to make them stays behind.
copy=$WORK/copy added=$WORK/added
rm -rf "$copy" "$added" "$CACHE/additions-$TARGET"-*.tar
mkdir -p "$copy" "$added"
tar -C "$copy" -xf "$WORK/packages.tar" --numeric-owner --xattrs --xattrs-include='*'
cp --remove-destination /etc/resolv.conf "$copy/etc/"
source "$BOARD/additions.sh"
tar -C "$added" -cf "$tar.part" --owner=0 --group=0 .
mv "$tar.part" "$tar"
rm -rf "$copy" "$added"
