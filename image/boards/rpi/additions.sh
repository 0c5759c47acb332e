# Sourced by stage 15: puts into $added, with the tree in $copy as the machine to make it on,
#   usr/lib/raspi-firmware   the firmware, out of its package. That is not installed: it would want to own the boot partition
#   cairn_tryboot.ko         the driver that asks the firmware for a trial (tryboot/), for the kernel of the tree
version=$(basename "$copy"/usr/lib/modules/*)
firmware=$copy/root/firmware
in_copy() { in_root "$copy" env DEBIAN_FRONTEND=noninteractive "$@"; }

in_copy apt-get update -q -o APT::Sandbox::User=root
in_copy sh -c 'cd /root && apt-get download -q -o APT::Sandbox::User=root raspi-firmware && dpkg-deb --extract raspi-firmware_*.deb firmware'
mkdir -p "$added"/usr/{lib,share/doc/raspi-firmware}
cp -r "$firmware/usr/lib/raspi-firmware" "$added/usr/lib/"
cp "$firmware/usr/share/doc/raspi-firmware/copyright" "$added/usr/share/doc/raspi-firmware/"
dpkg-deb --show --showformat="${PACKAGE_LINE//binary:/}" "$copy"/root/raspi-firmware_*.deb >"$added/usr/lib/raspi-firmware/package.tsv"

cp -r "$BOARD/tryboot" "$copy/root/"
in_copy apt-get install -y -q --no-install-recommends -o APT::Sandbox::User=root gcc make "linux-headers-$version"
in_copy make -C "/lib/modules/$version/build" M=/root/tryboot modules
install -D -m 644 "$copy/root/tryboot/cairn_tryboot.ko" "$added/usr/lib/modules/$version/updates/cairn_tryboot.ko"
