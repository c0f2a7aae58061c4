#!/bin/bash
# fresh.sh [DIR]: both commands of the README in a minimal Debian 12 made with debootstrap, where nothing was installed
# by hand but make. Needs root, debootstrap and the network; keeps nothing unless DIR is given. Not part of `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $(id -u) == 0 ]] || { echo "fresh.sh needs root, for chroot" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "fresh.sh needs the package debootstrap" >&2; exit 2; }

root=${1:-$(mktemp -d /var/tmp/sluice-fresh-XXXXXX)}
clean() {
    for place in dev/shm dev proc; do umount -l "$root/$place" 2>/dev/null || true; done
    [[ -n ${keep:-} ]] || rm -rf --one-file-system "$root"
}
mkdir -p "$root"
chmod 755 "$root" # mktemp made it for root alone
keep=${1:-}
trap clean EXIT

echo "== a minimal Debian 12 in $root"
[[ -x $root/bin/bash ]] || debootstrap --variant=minbase --include=make bookworm "$root" >"${TMPDIR:-/tmp}/debootstrap.log"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
# the network as this machine has it: names, certificates, package clients' settings
for file in /etc/resolv.conf /etc/hosts /root/.npmrc; do
    [[ ! -e $file ]] || cp -L "$file" "$root$file"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/root/certificates.crt"
rm -rf "$root/sluice"
git clone -q . "$root/sluice"

inside() {
    echo "== $*"
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        NODE_EXTRA_CA_CERTS=/root/certificates.crt \
        bash -c "cd /sluice && $*" </dev/null
}
inside make demo
inside make demo
inside make test
echo "== fresh: both commands pass"
