#!/bin/bash
# install.sh LIST: installs the Debian packages of LIST that are missing, saying which and why; nothing when all are there.
set -euo pipefail
missing=()
while read -r name why; do
    [[ -z $name || $name == \#* ]] && continue
    state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)
    [[ $state == installed ]] && continue
    # another package may stand in, as a newer node from elsewhere does for nodejs
    case $name in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
    pkgconf) command -v pkg-config >/dev/null && continue ;;
    esac
    ((${#missing[@]})) || echo "Missing Debian packages that $(basename "$1" .txt) needs:"
    printf '  %-18s %s\n' "$name" "$why"
    missing+=("$name")
done <"$1"
((${#missing[@]})) || exit 0
sudo=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || { echo "Not root and no sudo: run 'apt-get install ${missing[*]}' as root." >&2; exit 1; }
    sudo=(sudo)
fi
echo "Installing them with apt-get."
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
