#!/usr/bin/env bash
# The disk: boot code, partitions and slots in one file, without loop devices or mounts.
source "$(dirname "$(readlink -f "$0")")/../common.sh"

tree=$WORK/tree parts=$WORK/parts board=$ROOT/image/boards/$TARGET
rm -rf "$parts" "$WORK/empty" "$WORK/genimage"
mkdir -p "$parts" "$WORK/empty"
source "$board/boot.sh"

cp "$board/grub/grub.cfg" "$parts/"
sed 's/$/\r/' "$board/README.txt" >"$parts/README.txt"
grub-editenv "$parts/slots.env" create
grub-editenv "$parts/slots.env" set ORDER='A B' A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
ln -f "$WORK"/slots/*.img "$parts/"

filled=$parts/genimage.cfg
cp "$board/genimage.cfg" "$filled"
for name in ESP_ID SLOTS_ID DISK_UUID DATA_UUID ESP_SIZE BOOT_SLOT_SIZE ROOT_SLOT_SIZE DATA_SIZE; do
  sed -i "s/@$name@/${!name}/g" "$filled"
done
# faketime: the times of FAT's folders; the other: those of ext4.
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH faketime -f "@$(date -u -d "@$SOURCE_DATE_EPOCH" '+%Y-%m-%d %H:%M:%S')" \
  genimage --config "$filled" --rootpath "$WORK/empty" --tmppath "$WORK/genimage" --inputpath "$parts" \
  --outputpath "$parts" >"$WORK/genimage.log" 2>&1 || { tail -20 "$WORK/genimage.log" >&2; fail 'genimage failed'; }
mv "$parts/cairn.img" "$OUT/cairn-$TARGET.img"
