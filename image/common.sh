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

# in_root TREE PROGRAM...: runs a program of the tree in it, with /proc and /dev/null, which are gone when it has ended.
in_root() {
  local tree=$1
  shift
  unshare --mount --pid --fork bash -c '
    mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/tmp" && mount --bind /dev "$0/dev" &&
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
      SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" DPKG_ROOT= chroot "$0" "$@"' "$tree" "$@"
}
