#!/usr/bin/env bash
# The two images that a slot is made of: root.img (the system) and boot.img (kernel and initrd, and what else the board's firmware
# starts: slot.sh).
source "$(dirname "$(readlink -f "$0")")/../common.sh"

tree=$WORK/tree slots=$WORK/slots
rm -rf "$slots"
mkdir -p "$slots/boot"
level=${CAIRN_IMAGE_ZSTD:-15}

# squash TREE IMAGE OPTION...: every file in it has the one date, and root is its owner where the tree says so.
squash() {
  local from=$1 to=$2
  shift 2
  env -u SOURCE_DATE_EPOCH mksquashfs "$from" "$to" -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" \
    -noappend -no-progress -quiet "$@"
}

sed -E '/^(#|$)/d' "$ROOT/image/slim.exclude" >"$WORK/exclude"
squash "$tree" "$slots/root.img" -comp zstd -Xcompression-level "$level" -b 256K -wildcards -ef "$WORK/exclude"

# Debian's newer kernels lie beside their drivers.
kernels=("$tree"/boot/vmlinuz-* "$tree"/usr/lib/modules/*/vmlinuz)
for kernel in "${kernels[@]}"; do
  [ ! -e "$kernel" ] || cp "$kernel" "$slots/boot/vmlinuz"
done
cp "$tree"/boot/initrd.img-* "$slots/boot/initrd.img"
if [ -e "$BOARD/slot.sh" ]; then
  source "$BOARD/slot.sh"
else
  # GRUB compares what it loads with them, by the names and in the form of sha256sum(1).
  (cd "$slots/boot" && sha256sum vmlinuz initrd.img >SHA256SUMS)
  # Stored as they are: GRUB 2.12 reads no zstd, and both are compressed already.
  squash "$slots/boot" "$slots/boot.img" -noD -noF -noI -noX -all-root
fi
ls -l "$slots" >&2
