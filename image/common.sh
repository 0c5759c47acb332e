# Sourced by scripts/image and by every stage. Sets ROOT (the checkout), TARGET, what is true of its board and its processor,
# OUT (what is built) and WORK (on the way).
set -euo pipefail
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

say() { printf 'image: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# What is true of one board only lies in its folder: board.env and boot.sh (stage 50) are what the stages read of it.
#   ARCHITECTURE  Debian's name of the processor
#   OVERLAYS      which folders of overlays/ lie above the packages, between `common` and the board's own
#   And any variable of versions.env that is another one there.
targets() { (cd "$ROOT/image/boards" && echo */ | tr -d /); }
TARGET=${TARGET:-}
BOARD=$ROOT/image/boards/$TARGET
[ -n "$TARGET" ] && [ -e "$BOARD/board.env" ] || fail "there is no board '$TARGET'; boards: $(targets)"
source "$ROOT/image/versions.env"
source "$BOARD/board.env"
export SOURCE_DATE_EPOCH

# What is true of one processor only: its name in npm's packages, in GNU's tools, and of QEMU's program that runs its programs
# elsewhere.
case $ARCHITECTURE in
  amd64) NODE_CPU=x64 GNU_NAME=x86_64-linux-gnu EMULATOR=qemu-x86_64 ;;
  arm64) NODE_CPU=arm64 GNU_NAME=aarch64-linux-gnu EMULATOR=qemu-aarch64 ;;
  *) fail "$BOARD/board.env: there is no processor '$ARCHITECTURE'" ;;
esac
NODE_PACKAGE=node-linux-$NODE_CPU

OUT=$ROOT/build/image/$TARGET
WORK=$OUT/work
CACHE=$ROOT/build/image/cache

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
