# Where the initrd and fstab mount things, and where the image is told apart from others.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

mkdir -p "$TREE"/{data,boot/efi,srv/cairn,var/lib/cairn}
printf 'IMAGE_ID=cairn-%s\nIMAGE_VERSION=%s\n' "$TARGET" "$(image_version)" >>"$TREE/usr/lib/os-release"

# For which board and by whom the updates are that it takes.
sed -i "s/@TARGET@/$TARGET/" "$TREE/etc/rauc/system.conf"
make_development_key
install -m 644 "$SIGNING_CERT" "$TREE/etc/rauc/keyring.pem"
