# Sourced by scripts/image and by every stage. Sets ROOT (the checkout), TARGET, OUT (what is built) and WORK (on the way).
set -euo pipefail
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
source "$ROOT/image/versions.env"
export SOURCE_DATE_EPOCH

TARGET=${TARGET:?which board: amd64}
OUT=$ROOT/build/image/$TARGET
WORK=$OUT/work
CACHE=$ROOT/build/image/cache

say() { printf 'image: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# packages_of LIST...: the names, without reasons.
packages_of() { sed -E 's/[[:space:]]*#.*//; /^$/d' "$@"; }

# hash_of FILE...: of their names (below the checkout) and contents.
hash_of() {
  (cd "$ROOT" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-16
}

# The version of package.json and the commit; CAIRN_IMAGE_VERSION instead where updates are tried.
image_version() {
  local version commit
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$ROOT/package.json")
  commit=$(git -C "$ROOT" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
  printf '%s' "${CAIRN_IMAGE_VERSION:-$version+$commit}"
}

# in_root TREE PROGRAM...: runs a program of the tree in it, with /proc and /dev/null, which are gone when it has ended.
in_root() {
  local tree=$1
  shift
  unshare --mount --pid --fork bash -c '
    mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/tmp" && mount --bind /dev "$0/dev" &&
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
      SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" DPKG_ROOT= chroot "$0" "$@"' "$tree" "$@"
}

# Who signs updates: CAIRN_SIGNING_KEY and CAIRN_SIGNING_CERT (PEM); without them a key for developers, made here once. A box
# takes updates only from whoever has signed its image.
SIGNING_KEY=${CAIRN_SIGNING_KEY:-$ROOT/build/image/keys/development.key}
SIGNING_CERT=${CAIRN_SIGNING_CERT:-$ROOT/build/image/keys/development.pem}
make_development_key() {
  [ ! -e "$SIGNING_KEY" ] || return 0
  [ -z "${CAIRN_SIGNING_KEY:-}" ] || fail "there is no key $SIGNING_KEY"
  say 'making a key for developers; images and updates signed by it are not for others'
  mkdir -p -m 0700 "$(dirname "$SIGNING_KEY")"
  openssl req -x509 -newkey rsa:3072 -nodes -days 7300 -subj '/CN=Cairn development' \
    -keyout "$SIGNING_KEY" -out "$SIGNING_CERT" 2>/dev/null
}
