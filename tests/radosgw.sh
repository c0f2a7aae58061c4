#!/bin/bash
# radosgw.sh FOLDER: a throwaway S3 server on 127.0.0.1: a Ceph of one monitor, one OSD in memory and a radosgw, everything
# of it in FOLDER. Prints the endpoint once it answers, then waits; all of it ends with this script (a signal, or the end of
# its standard input).
set -euo pipefail
folder=$1
access=${S3_ACCESS_KEY:-sluicetest} secret=${S3_SECRET_KEY:-sluicetestsecret}
mkdir -p "$folder"/{mon,osd,run,log}
declare -A children=()
trap 'kill "${children[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 143' TERM INT HUP

# ports that the kernel had free a moment ago; whoever finds one taken since starts again with others
ports() {
    python3 - <<'PYTHON'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))
PYTHON
}
read -r monitor gateway < <(ports)

cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v1:127.0.0.1:$monitor/0]
public_addr = 127.0.0.1
ms_bind_msgr2 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
keyring = $folder/keyring
mon_data = $folder/mon
osd_data = $folder/osd
run_dir = $folder/run
admin_socket = $folder/run/\$name.\$pid.asok
log_file = $folder/log/\$name.log
pid_file = $folder/run/\$name.pid
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_class_load_list = *
osd_class_default_list = *
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
[client.rgw]
rgw_data = $folder/rgw
rgw_frontends = beast endpoint=127.0.0.1:$gateway tcp_nodelay=1
rgw_dns_name = localhost
rgw_enable_usage_log = false
CONF
export CEPH_CONF=$folder/ceph.conf
quiet() { "$@" >>"$folder/log/setup.log" 2>&1; }
give_up() { echo "$1" >&2; tail -n 5 "$folder/log/setup.log" >&2; exit 1; }
deadline=$((SECONDS + 120))
# a monitor that has just begun refuses for a moment whoever comes
until_done() {
    until quiet "$@"; do
        ((SECONDS < deadline)) || give_up "it takes too long: $*"
        alive
        sleep 0.1
    done
}
# an OSD whose first word comes before the monitor's map gives up ("wrong fsid"): it begins again
alive() {
    local part
    for part in "${!children[@]}"; do
        kill -0 "${children[$part]}" 2>/dev/null && continue
        [[ $part == osd ]] || give_up "its $part ended at once"
        start osd ceph-osd -i 0 -f
    done
}
start() {
    "${@:2}" >>"$folder/log/setup.log" 2>&1 &
    children[$1]=$!
}
osd_is_up() { timeout 20 ceph --connect-timeout 10 osd stat | grep -q ' 1 up'; }
fsid=$(sed -n 's/^fsid = //p' "$CEPH_CONF")
osd=$(cat /proc/sys/kernel/random/uuid)

quiet ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
quiet ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
quiet monmaptool --create --fsid "$fsid" --addv a "[v1:127.0.0.1:$monitor]" "$folder/monmap"
quiet ceph-mon -i a --mkfs --monmap "$folder/monmap" --keyring "$folder/keyring"
start monitor ceph-mon -i a -f
until_done timeout 20 ceph --connect-timeout 10 osd new "$osd"
quiet ceph-osd -i 0 --mkfs --osd-uuid "$osd"
start osd ceph-osd -i 0 -f
until_done osd_is_up
until_done timeout 60 radosgw-admin user create --uid=test --display-name=test --access-key="$access" --secret="$secret"
start gateway radosgw -n client.rgw -f
until (exec 3<>"/dev/tcp/127.0.0.1/$gateway") 2>/dev/null; do
    ((SECONDS < deadline)) || give_up "no answer from radosgw"
    alive
    sleep 0.1
done
echo "http://127.0.0.1:$gateway"
# in the background: a signal is heard while it is waited for
cat <&0 >/dev/null &
children[input]=$!
wait "${children[input]}"
