# Sourced by stage 40: makes boot.img, a FAT with all that the firmware of a Pi 3, 4 or 5 starts from a slot.
firmware=$tree/usr/lib/raspi-firmware
cp "$BOARD/config.txt" "$BOARD/cmdline.txt" "$firmware"/{start.elf,fixup.dat,start4.elf,fixup4.dat} "$slots/boot/"
cp "$tree"/usr/lib/modules/*/dtb/broadcom/bcm2{837,711,712}*-rpi-*.dtb "$slots/boot/"
# The newer Pi 5 looks for its device tree by a name that Linux does not give it.
cp "$slots/boot/bcm2712-d-rpi-5-b.dtb" "$slots/boot/bcm2712d0-rpi-5-b.dtb"

# FAT16, whose root folder lies in one piece: so RAUC's handler finds cmdline.txt without a driver of the file system. Without
# a label, since both slots hold it.
truncate -s "$BOOT_SLOT_SIZE" "$slots/boot.img"
at_one_date mkfs.vfat -F 16 -s 16 -i "$SLOTS_ID" "$slots/boot.img" >/dev/null
at_one_date mcopy -i "$slots/boot.img" "$slots"/boot/* ::
