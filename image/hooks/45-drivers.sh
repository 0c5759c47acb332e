# Drivers and firmware for what a NAS has not. The console needs none of the graphics drivers: the firmware's own picture
# (efifb) or text mode (vgacon) does.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

for modules in "$TREE"/usr/lib/modules/*; do
  for unneeded in drivers/{gpu,media,infiniband,iio,bluetooth,staging} drivers/net/wireless \
    net/{wireless,mac80211,bluetooth} sound arch/x86/kvm virt drivers/{parport,firewire,cdrom,scsi/sr_mod.ko*} \
    drivers/input/{joystick,mouse,misc/pcspkr.ko*,tablet,touchscreen} drivers/char/{ppdev.ko*,lp.ko*} drivers/block/floppy.ko*; do
    # Unquoted: some of them are patterns.
    rm -rf "$modules"/kernel/$unneeded
  done
  # The slot is compressed as it is: a module that is so once more takes longer to load and makes the slot no smaller.
  find "$modules" -name '*.ko.xz' -exec xz -d -T2 {} +
  in_root "$TREE" depmod "$(basename "$modules")"
done
rm -rf "$TREE"/usr/lib/firmware/{rtw88,rtw89,rtlwifi,rtl_bt}
