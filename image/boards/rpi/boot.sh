# Sourced by stage 50: the first partition, which is written when flashing only. bootcode.bin is the Pi 3's; the later ones have
# it in the chip.
cp "$BOARD/autoboot.txt" "$BOARD/genimage.cfg" "$tree/usr/lib/raspi-firmware/bootcode.bin" "$parts/"
