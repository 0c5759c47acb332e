# The service account, with its fixed number. Root has no password, so nobody signs in at the console.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

in_root "$TREE" systemd-sysusers
in_root "$TREE" usermod --password '*' root
[ "$(in_root "$TREE" id -u cairn)" = 2770 ] || fail 'the service account has another number than 2770'
# Copies of the account files that hold the moment of the build.
rm -f "$TREE"/etc/{passwd,group,shadow,gshadow,subuid,subgid}-
