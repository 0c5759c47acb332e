# The initrd, with the few drivers that find a slot.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

for kind in drivers modules; do
  lists=("$ROOT/image/initramfs/common.$kind" "$ROOT/image/initramfs/$TARGET.$kind")
  [ -e "${lists[1]}" ] || unset 'lists[1]'
  packages_of "${lists[@]}" >"$TREE/etc/initramfs-tools/$kind"
done
# Pools are looked for by the agent, and the initrd has no driver for them.
rm -f "$TREE"/usr/share/initramfs-tools/{hooks,scripts/local-premount}/btrfs
rm -f "$TREE"/boot/initrd.img-*
in_root "$TREE" update-initramfs -c -k "$(basename "$TREE"/usr/lib/modules/*)"
