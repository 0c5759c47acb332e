# Sourced by the boot.sh of a board that starts by GRUB. Puts into $parts what the boards have in common, and leaves to them:
#   grub_core FORMAT FILE MODULE...  makes GRUB's core for one firmware
#   grub_disk EFI_FILE CONFIG        fills genimage.cfg: UEFI's file, and the partitions of CONFIG before all others
# GRUB comes from the tree, so that its parts are of one version.
grub_modules=(part_gpt fat squash4 normal configfile linux echo test loadenv search search_label regexp serial terminal
  boot minicmd cat ls halt reboot sleep hashsum gcry_sha256)
grub_core() {
  local format=$1 file=$2 embed=$tree/usr/lib/grub/cairn
  shift 2
  mkdir -p "$embed"
  # GRUB reads these first lines by a parser that knows no comments.
  sed '/^#/d' "$ROOT/image/grub/early.cfg" >"$embed/early.cfg"
  in_root "$tree" grub-mkimage -O "$format" -d "/usr/lib/grub/$format" -o "/usr/lib/grub/cairn/$file" -p /EFI/cairn \
    -c /usr/lib/grub/cairn/early.cfg "${grub_modules[@]}" "$@"
  mv "$embed/$file" "$parts/"
  rm -r "$embed"
}

grub_disk() {
  sed -e "s/@EFI_FILE@/$1/g" -e "/@FIRST_PARTITIONS@/{r $2" -e 'd}' "$ROOT/image/grub/genimage.cfg" >"$parts/genimage.cfg"
}

cp "$ROOT/image/grub/grub.cfg" "$parts/"
grub-editenv "$parts/slots.env" create
grub-editenv "$parts/slots.env" set ORDER='A B' A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
