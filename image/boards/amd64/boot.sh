# Sourced by stage 50: makes what starts a PC, in $parts: BOOTX64.EFI (UEFI); mbr.img and core.img (BIOS).
# GRUB comes from the tree, so that its parts are of one version.
modules="part_gpt fat squash4 normal configfile linux echo test loadenv search search_label regexp serial terminal
  boot minicmd cat ls halt reboot sleep"
embed=$tree/usr/lib/grub/cairn
mkdir -p "$embed"
# GRUB reads these first lines by a parser that knows no comments.
sed "/^#/d" "$board/grub/early.cfg" >"$embed/early.cfg"
# shellcheck disable=SC2086
grub_core() {
  in_root "$tree" grub-mkimage -O "$1" -d "/usr/lib/grub/$1" -o "/usr/lib/grub/cairn/$2" -p /EFI/cairn \
    -c /usr/lib/grub/cairn/early.cfg $modules $3
}
grub_core x86_64-efi BOOTX64.EFI ''
grub_core i386-pc core.img biosdisk
cp "$embed/BOOTX64.EFI" "$embed/core.img" "$parts/"
cp "$tree/usr/lib/grub/i386-pc/boot.img" "$parts/mbr.img"
rm -rf "$embed"

# What grub-install(8) would do on a real disk: tell the first sector where the core lies (at 1 MiB, see genimage.cfg),
# and the core where its own second sector does.
node "$ROOT/image/boards/amd64/bios-boot.ts" "$parts/mbr.img" "$parts/core.img"
