# Drivers and firmware for what a NAS has not. The console needs none of the graphics drivers: the firmware's own picture
# (efifb) or text mode (vgacon) does.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

for modules in "$TREE"/usr/lib/modules/*; do
  for unneeded in drivers/{gpu,media,infiniband,iio,bluetooth,staging} drivers/net/wireless \
    net/{wireless,mac80211,bluetooth} sound; do
    rm -rf "$modules/kernel/$unneeded"
  done
  in_root "$TREE" depmod "$(basename "$modules")"
done
rm -rf "$TREE"/usr/lib/firmware/{rtw88,rtw89,rtlwifi,rtl_bt}
