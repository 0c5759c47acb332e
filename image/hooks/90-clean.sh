# What building leaves behind, and what no box needs: see image/slim.exclude for the rest.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../common.sh"

rm -rf "$TREE"/var/log/* "$TREE"/var/cache/* "$TREE"/var/lib/apt/lists/* "$TREE"/var/lib/dpkg/*-old "$TREE"/tmp/*
mkdir -p "$TREE/var/log" "$TREE/var/cache"
# All files of a slot have one date, so /etc and /var are as new as /usr: nothing is to be brought up to date at boot.
touch "$TREE/etc/.updated" "$TREE/var/.updated"
