#!/usr/bin/env bash
# The disk: boot code, partitions and slots in one file, without loop devices or mounts.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

tree=$WORK/tree parts=$WORK/parts
rm -rf "$parts" "$WORK/empty" "$WORK/genimage"
mkdir -p "$parts" "$WORK/empty"
sed 's/$/\r/' "$ROOT/image/boot-partition.txt" >"$parts/README.txt"
ln -f "$WORK"/slots/*.img "$parts/"

# The board's own: what its firmware starts, and genimage.cfg, which makes cairn.img of what lies in $parts.
source "$BOARD/boot.sh"
filled=$parts/genimage.cfg
for name in ESP_ID SLOTS_ID DISK_UUID DATA_UUID ESP_SIZE BOOT_SLOT_SIZE ROOT_SLOT_SIZE DATA_SIZE; do
  sed -i "s/@$name@/${!name}/g" "$filled"
done
# faketime: the times of FAT's folders; the other: those of ext4.
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH faketime -f "@$(date -u -d "@$SOURCE_DATE_EPOCH" '+%Y-%m-%d %H:%M:%S')" \
  genimage --config "$filled" --rootpath "$WORK/empty" --tmppath "$WORK/genimage" --inputpath "$parts" \
  --outputpath "$parts" >"$WORK/genimage.log" 2>&1 || { tail -20 "$WORK/genimage.log" >&2; fail 'genimage failed'; }
mv "$parts/cairn.img" "$OUT/cairn-$TARGET.img"
