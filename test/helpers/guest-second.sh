#!/bin/sh
# In the root of a guest (guest.ts): what tests expect of a machine, then the job, whose exit code is the last line.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
hostname guest
ip link set lo up
for each in virtio_blk ext4 btrfs loop; do modprobe $each; done
# Where tests keep their disks.
mke2fs -q -t ext4 -E lazy_itable_init=1 /dev/vda && mount -o discard /dev/vda /var/tmp && chmod 1777 /var/tmp
stty -F /dev/ttyS1 raw
/bin/sh /run/job </dev/null >/dev/ttyS1 2>&1
echo "guest: exit $?" >/dev/ttyS1
sync
/run/busybox poweroff -f
