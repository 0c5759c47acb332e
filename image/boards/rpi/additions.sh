# Sourced by stage 15: puts into $added, with the tree in $copy as the machine to make it on,
#   usr/lib/raspi-firmware   the firmware, out of its package. That is not installed: it would want to own the boot partition
#   cairn_tryboot.ko         the driver that asks the firmware for a trial (tryboot/), for the kernel of the tree
#   verity-status.so         what RAUC needs to work with that kernel (verity/)
version=$(basename "$copy"/usr/lib/modules/*)
firmware=$copy/root/firmware
in_copy() { in_root "$copy" env DEBIAN_FRONTEND=noninteractive "$@"; }

in_copy apt-get update -q -o APT::Sandbox::User=root
in_copy sh -c 'cd /root && apt-get download -q -o APT::Sandbox::User=root raspi-firmware && dpkg-deb --extract raspi-firmware_*.deb firmware'
mkdir -p "$added"/usr/{lib,share/doc/raspi-firmware}
cp -r "$firmware/usr/lib/raspi-firmware" "$added/usr/lib/"
cp "$firmware/usr/share/doc/raspi-firmware/copyright" "$added/usr/share/doc/raspi-firmware/"
dpkg-deb --show --showformat="${PACKAGE_LINE//binary:/}" "$copy"/root/raspi-firmware_*.deb >"$added/usr/lib/raspi-firmware/package.tsv"

cp -r "$BOARD/tryboot" "$BOARD/verity" "$copy/root/"
in_copy apt-get install -y -q --no-install-recommends -o APT::Sandbox::User=root gcc libc6-dev make "linux-headers-$version"
in_copy make -C "/lib/modules/$version/build" M=/root/tryboot modules
install -D -m 644 "$copy/root/tryboot/cairn_tryboot.ko" "$added/usr/lib/modules/$version/updates/cairn_tryboot.ko"
in_copy gcc -O2 -Wall -Werror -shared -fPIC -Wl,--build-id=none -o /root/verity/verity-status.so /root/verity/status.c
install -D -m 644 "$copy/root/verity/verity-status.so" "$added/usr/lib/cairn/rauc/verity-status.so"
