# Where the initrd and fstab mount things, and where the image is told apart from others.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

mkdir -p "$TREE"/{data,boot/efi,srv/cairn,var/lib/cairn}
printf 'IMAGE_ID=cairn-%s\nIMAGE_VERSION=%s\n' "$TARGET" "$(image_version)" >>"$TREE/usr/lib/os-release"

# For which board, by whom and from where the updates are that it takes.
sed -i "s/@TARGET@/$TARGET/" "$TREE/etc/rauc/system.conf"
make_development_key
install -m 644 "$SIGNING_CERT" "$TREE/etc/rauc/keyring.pem"
[[ $UPDATES_FROM =~ ^(https?://[^[:space:]]+)?$ ]] || fail "UPDATES_FROM is no address: $UPDATES_FROM"
printf 'CAIRN_UPDATES_FROM=%s\n' "$UPDATES_FROM" >>"$TREE/usr/lib/cairn/cairn.conf"
