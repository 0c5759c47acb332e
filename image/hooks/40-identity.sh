# What must differ from box to box is made at its first boot, so nothing of it is left here.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

rm -f "$TREE"/etc/ssh/ssh_host_* "$TREE"/var/lib/dbus/machine-id "$TREE"/var/lib/systemd/random-seed
: >"$TREE/etc/machine-id"
ln -sfn ../run/systemd/resolve/stub-resolv.conf "$TREE/etc/resolv.conf"
# Packages come with the next image, never one by one.
rm -f "$TREE"/etc/apt/sources.list "$TREE"/etc/apt/sources.list.d/*
