#!/usr/bin/env bash
# The root filesystem, in work/tree: the packages, the overlays above them, the daemon, and then each hook in its order.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

tree=$WORK/tree
rm -rf "$tree"
mkdir -p "$tree"
tar -C "$tree" -xf "$WORK/packages.tar" --numeric-owner --xattrs --xattrs-include='*'

for overlay in common $OVERLAYS "$TARGET"; do
  [ -d "$ROOT/overlays/$overlay" ] || continue
  cp -r --no-preserve=ownership,timestamps "$ROOT/overlays/$overlay/." "$tree/"
done
mkdir -p "$tree/usr/lib/cairn"
cp -r --no-preserve=ownership,timestamps "$WORK/daemon/." "$tree/usr/lib/cairn/"

export TREE=$tree
for hook in "$ROOT"/image/hooks/*.sh; do
  say "hook $(basename "$hook" .sh)"
  bash "$hook"
done
