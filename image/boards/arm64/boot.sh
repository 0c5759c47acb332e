# Sourced by stage 50: makes what starts an ARM machine, in $parts: BOOTAA64.EFI.
source "$ROOT/image/grub/boot.sh"
grub_core arm64-efi BOOTAA64.EFI
grub_disk BOOTAA64.EFI "$BOARD/first-partitions.cfg"
