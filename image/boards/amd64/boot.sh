# Sourced by stage 50: makes what starts a PC, in $parts: BOOTX64.EFI (UEFI); mbr.img and core.img (BIOS).
source "$ROOT/image/grub/boot.sh"
grub_core x86_64-efi BOOTX64.EFI
grub_core i386-pc core.img biosdisk
cp "$tree/usr/lib/grub/i386-pc/boot.img" "$parts/mbr.img"
grub_disk BOOTX64.EFI "$BOARD/first-partitions.cfg"

# What grub-install(8) would do on a real disk: tell the first sector where the core lies (at 1 MiB, see
# first-partitions.cfg), and the core where its own second sector does.
node "$BOARD/bios-boot.ts" "$parts/mbr.img" "$parts/core.img"
