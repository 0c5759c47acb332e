# What runs: Cairn's preset, and nothing else that a package has switched on when it was installed.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

in_root "$TREE" systemctl --quiet preset-all
# It looks for a way in by ssh over a virtual machine's socket, and fails where there is none.
mkdir -p "$TREE/etc/systemd/system-generators"
ln -sfn /dev/null "$TREE/etc/systemd/system-generators/systemd-ssh-generator"
