#!/usr/bin/env bash
# What is handed out: the disk compressed, what it is made of, and the checksums of all that.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

cd "$OUT"
rm -f ./*.zst ./*.json SHA256SUMS*
dpkg-query --admindir="$WORK/tree/var/lib/dpkg" --show --showformat="$PACKAGE_LINE" >"$WORK/packages.tsv"
# And what was taken out of a package without installing it.
find "$WORK/tree/usr/lib" -maxdepth 2 -name package.tsv -exec cat {} + >>"$WORK/packages.tsv"
zstd -q -T0 "-${CAIRN_IMAGE_ZSTD:-15}" "cairn-$TARGET.img" -o "cairn-$TARGET.img.zst"
node "$ROOT/image/manifest.ts" "$TARGET" "$NODE_PACKAGE" "$OUT" "$WORK"
node "$ROOT/image/release.ts" "$TARGET" "$(image_version)" "$OUT"
sha256sum "cairn-$TARGET.img.zst" "cairn-$TARGET.raucb" "cairn-$TARGET.json" manifest.json sbom.json >SHA256SUMS
# openssl dgst -sha256 -verify <(openssl x509 -in CERT -noout -pubkey) -signature SHA256SUMS.sig SHA256SUMS
openssl dgst -sha256 -sign "$SIGNING_KEY" -out SHA256SUMS.sig SHA256SUMS
rm -f "cairn-$TARGET.img"
