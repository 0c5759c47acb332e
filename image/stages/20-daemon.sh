#!/usr/bin/env bash
# The daemon as the image runs it, in work/daemon: the bundle, the pages, the packages that are not bundled, pm2 and Node.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

daemon=$WORK/daemon
rm -rf "$daemon" "$WORK/npm"
mkdir -p "$daemon/bin" "$daemon/pm2" "$daemon/dist" "$WORK/npm"

node "$ROOT/scripts/build.ts"
cp -r "$ROOT/dist/daemon" "$ROOT/dist/web" "$daemon/dist/"
find "$daemon/dist" -name '*.map' -delete

# install_packages FOLDER: what its lock file says, each checked by its hash, for the target's processor. What
# npm has fetched before it does not ask for again: a second build needs no network.
install_packages() {
  (cd "$1" && npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline \
    --os=linux --cpu="$NODE_CPU" --libc=glibc >&2)
}

cp "$ROOT/package.json" "$ROOT/package-lock.json" "$WORK/npm/"
install_packages "$WORK/npm"
node "$ROOT/image/keep-packages.ts" "$WORK/npm/node_modules" "$daemon/node_modules" "linux-$NODE_CPU"
cp "$ROOT/package.json" "$ROOT/LICENSE" "$daemon/"

install -m 755 "$WORK/npm/node_modules/$NODE_PACKAGE/bin/node" "$daemon/bin/node"
"$GNU_NAME-strip" "$daemon/bin/node"

cp "$ROOT/image/pm2/package.json" "$ROOT/image/pm2/package-lock.json" "$daemon/pm2/"
install_packages "$daemon/pm2"
rm -rf "$WORK/npm"
