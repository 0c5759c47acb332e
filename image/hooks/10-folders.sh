# Where the initrd and fstab mount things, and where the image is told apart from others.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

mkdir -p "$TREE"/{data,boot/efi,srv/cairn,var/lib/cairn}
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$ROOT/package.json")
commit=$(git -C "$ROOT" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
printf 'IMAGE_ID=cairn-%s\nIMAGE_VERSION=%s+%s\n' "$TARGET" "$version" "$commit" >>"$TREE/usr/lib/os-release"
