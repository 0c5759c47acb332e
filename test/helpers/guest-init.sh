#!/busybox sh
# The first program of a guest (guest.ts): the host's files below a layer that is thrown away become its root, then the job.
b=/busybox
$b mount -t proc proc /proc
for each in /modules/*.ko; do $b insmod "$each"; done
files=trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose
$b mount -t 9p -o $files host /host
$b mount -t 9p -o $files packages /packages
$b mount -t tmpfs -o mode=0755 layer /layer
$b mkdir /layer/upper /layer/work
$b mount -t overlay -o lowerdir=/packages:/host,upperdir=/layer/upper,workdir=/layer/work root /root
for each in proc sys dev run tmp; do $b mkdir -p /root/$each; done
$b mount -t proc proc /root/proc
$b mount -t sysfs sys /root/sys
$b mount -t devtmpfs dev /root/dev
for each in run tmp; do $b mount -t tmpfs -o mode=0755 tmpfs /root/$each; done
$b chmod 1777 /root/tmp
$b cp /second /job $b /root/run/
# The kernel looks for modprobe where this very process has its root.
exec $b switch_root /root /run/second
