# What runs: Cairn's preset, and nothing else that a package has switched on when it was installed.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

units=$TREE/etc/systemd/system
# Names and the time are looked up by a box that runs; Debian's units have everything wait for them. A drop-in could not take
# that away.
for unit in systemd-resolved systemd-timesyncd; do
  sed -E -e '/^Before=/{s/(sysinit|network|nss-lookup|time-set)\.target//g; s/ +/ /g}' -e 's/^DefaultDependencies=no/After=cairn.service/' \
    -e '/^Wants=/d' -e 's/^WantedBy=.*/WantedBy=multi-user.target/' "$TREE/usr/lib/systemd/system/$unit.service" >"$units/$unit.service"
done
in_root "$TREE" systemctl --quiet preset-all

# Programs that make units at each start, of things that are not here; the one for ssh fails where a virtual machine has no socket.
mkdir -p "$TREE/etc/systemd/system-generators"
for generator in "$TREE"/usr/lib/systemd/system-generators/*; do
  case $(basename "$generator") in
    systemd-fstab-generator | systemd-getty-generator | systemd-debug-generator) ;;
    *) ln -sfn /dev/null "$TREE/etc/systemd/system-generators/$(basename "$generator")" ;;
  esac
done

# Each of these is a process more while a box starts, and here it does nothing.
masked=(
  # Nothing uses huge pages or POSIX queues, and nobody looks into the kernel or speaks FUSE.
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount
  # Modules for units that do not need them here. RAUC loads its own.
  modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@fuse.service modprobe@loop.service
  # The initrd has mounted the slot as it stays. The log is in memory.
  systemd-remount-fs.service systemd-journal-flush.service run-lock.mount
  # cairn-grow.service does it later.
  systemd-repart.service
  # Network and rules for udev come with the slot, not from the kernel's command line or a hypervisor.
  systemd-network-generator.service systemd-networkd-persistent-storage.service systemd-udev-load-credentials.service
  # Devices for drivers that are loaded only when somebody opens these.
  kmod-static-nodes.service systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service
)
for unit in "${masked[@]}"; do
  ln -sfn /dev/null "$units/$unit"
done
# Empty, or a service starts to read it.
rm -f "$TREE/etc/modules" "$TREE/etc/modules-load.d/modules.conf"
