#!/usr/bin/env bash
# Debian's packages, as a tree in a tar. Kept by the hash of what it depends on; CAIRN_IMAGE_FRESH=1 makes it anew.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

MIRROR=${CAIRN_DEBIAN_MIRROR:-http://deb.debian.org/debian}
SECURITY_MIRROR=${CAIRN_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

lists=(image/packages/common.list "image/packages/$TARGET.list")
inputs=$({ hash_of "${lists[@]}" image/stages/10-packages.sh && echo "$ARCHITECTURE $DEBIAN_SUITE $DEBIAN_COMPONENTS"; } | sha256sum)
tar=$CACHE/packages-$TARGET-${inputs:0:16}.tar
mkdir -p "$CACHE" "$WORK"
ln -sfn "$tar" "$WORK/packages.tar"
if [ -e "$tar" ] && [ -z "${CAIRN_IMAGE_FRESH:-}" ]; then
  say "Debian's packages are there already ($(basename "$tar"))"
  exit 0
fi

# mmdebstrap hands descriptors to dash, which knows only those of one digit: none but the first three may be open here.
for descriptor in /proc/self/fd/*; do
  number=${descriptor##*/}
  [ "$number" -le 2 ] || [ "$number" = 255 ] || eval "exec $number>&-"
done

include=$(cd "$ROOT" && packages_of "${lists[@]}" | paste -sd,)
rm -f "$CACHE/packages-$TARGET"-*.tar
mmdebstrap --mode=root --format=tar --variant=minbase --architectures="$ARCHITECTURE" --components="$DEBIAN_COMPONENTS" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --include="$include" "$DEBIAN_SUITE" "$tar.part" \
  "deb $MIRROR $DEBIAN_SUITE $DEBIAN_COMPONENTS" \
  "deb $MIRROR $DEBIAN_SUITE-updates $DEBIAN_COMPONENTS" \
  "deb $SECURITY_MIRROR $DEBIAN_SUITE-security $DEBIAN_COMPONENTS"
mv "$tar.part" "$tar"
