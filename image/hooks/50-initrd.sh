# The initrd, with the few drivers that find a slot.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

packages_of "$ROOT/image/initramfs/common.modules" "$ROOT/image/initramfs/$TARGET.modules" \
  >"$TREE/etc/initramfs-tools/modules"
rm -f "$TREE"/boot/initrd.img-*
in_root "$TREE" update-initramfs -c -k "$(basename "$TREE"/usr/lib/modules/*)"
