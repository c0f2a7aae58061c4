#!/bin/bash
# demo.sh BUILD [s3] [warehouse]: fills demo/lake with sample files, runs the worker on it, shows what came of it. s3: the
# lake is in a throwaway S3 server of this machine, warehouse: it is loaded into a throwaway PostgreSQL, which end with the
# demo.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 lake=demo/lake
wants() { [[ " ${*:2} " == *" $1 "* ]]; }
where=directory warehouse=
! wants s3 "$@" || where=s3
! wants warehouse "$@" || warehouse=yes
cleanup=()
trap 'for undo in "${cleanup[@]}"; do eval "$undo"; done; wait' EXIT
here() { printf '\n== %s\n' "$*"; }

here "A fresh lake in $lake"
rm -rf "$lake"
mkdir -p "$lake"/raw/{sales,wakefield,hmrc,retail,misc} "$lake/datasets"
cp demo/datasets/* "$lake/datasets/"
cp schema/datasets/{wakefield,hmrc,online_retail}.yaml "$lake/datasets/"

sales() { awk -v seed="$1" -v rows="$2" -v day="$3" -v dirty="$4" -v delimiter="${5:-,}" -f demo/sales.awk; }
sales 1 2000 5 0 >"$lake/raw/sales/2026-01-05.csv"
sales 2 5000 6 1 | gzip >"$lake/raw/sales/2026-01-06.csv.gz"
sales 3 3000 7 1 >"$lake/raw/sales/2026-01-07.csv"
cp "$lake/raw/sales/2026-01-05.csv" "$lake/raw/sales/2026-01-05-again.csv"
sales 4 1000 8 0 ';' >"$lake/raw/sales/2026-01-08.csv"
sales 5 500 9 0 | sed '1s/unit_price/Price EUR/' >"$lake/raw/sales/2026-01-09.csv"
head -c 20000 "$build/sluiced" >"$lake/raw/sales/2026-01-10.csv"
: >"$lake/raw/sales/2026-01-11.csv"
cp tests/data/real/wakefield_procurement_cards_2018q2.csv "$lake/raw/wakefield/"
cp tests/data/real/hmrc_spending_over_25000_2018-09.csv "$lake/raw/hmrc/"
cp tests/data/real/online_retail_excerpt.csv "$lake/raw/retail/"
echo "call the warehouse about Tuesday" >"$lake/raw/misc/notes.txt"
find "$lake/raw" -type f -printf '%8s  %P\n' | sort -k2

contracts=()
if [[ $where == s3 ]]; then
    here "A throwaway S3 server"
    server=$(mktemp -d)
    coproc SERVER { exec tests/radosgw.sh "$server"; }
    # shellcheck disable=SC2154
    cleanup+=('kill "$SERVER_PID" 2>/dev/null || true; wait "$SERVER_PID" || true; rm -rf "$server"')
    read -r AWS_ENDPOINT_URL_S3 <&"${SERVER[0]}"
    export AWS_ENDPOINT_URL_S3 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=sluicetest AWS_SECRET_ACCESS_KEY=sluicetestsecret
    export XDG_STATE_HOME=$server/state AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null
    unset AWS_PROFILE AWS_SESSION_TOKEN
    aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL_S3" "$@"; }
    echo "$AWS_ENDPOINT_URL_S3"
    aws s3 mb s3://demo
    aws s3 cp --recursive --quiet "$lake/raw" s3://demo/lake/raw
    contracts=(--datasets "$lake/datasets") lake=s3://demo/lake
fi

if [[ $warehouse ]]; then
    here "A throwaway PostgreSQL"
    exec {server_out}< <(exec tests/postgres.py)
    postgres=$!
    cleanup+=('kill "$postgres" 2>/dev/null || true; while kill -0 "$postgres" 2>/dev/null; do sleep 0.1; done')
    read -r SLUICE_WAREHOUSE <&"$server_out"
    export SLUICE_WAREHOUSE
    echo "$SLUICE_WAREHOUSE"
    echo 'warehouse: {schema: shop, gold_sql: shop_gold.sql, export: gold/shop.csv}' >>"$lake/datasets/shop_sales.yaml"
    for dataset in wakefield hmrc online_retail; do echo 'warehouse: {}' >>"$lake/datasets/$dataset.yaml"; done
fi

here "sluiced run --lake $lake"
code=0
"$build/sluiced" run --lake "$lake" "${contracts[@]}" --progress || code=$?
# 1: files were quarantined, as some of these are meant to be
[[ $code -le 1 ]] || exit "$code"

here "sluiced fsck --lake $lake"
"$build/sluiced" fsck --lake "$lake"

if [[ $where == s3 ]]; then
    here "aws s3 ls --recursive $lake/"
    aws s3 ls --recursive "$lake/"
fi

if [[ $warehouse ]]; then
    here "psql: the rows of each stage, and gold"
    PGDATESTYLE=ISO psql -X "$SLUICE_WAREHOUSE" -c "SELECT (SELECT count(*) FROM shop.raw_table) AS raw, (SELECT count(*) FROM
        shop.bronze_table) AS bronze, (SELECT count(*) FROM shop.silver_table) AS silver, (SELECT count(*) FROM
        shop.gold_table) AS gold" -c "SELECT * FROM shop.gold_table LIMIT 5"
fi

if [[ -t 0 && -t 1 ]]; then
    "$build/sluice" --lake "$lake" "${contracts[@]}"
    exit
fi
here "sluice overview --lake $lake"
"$build/sluice" overview --lake "$lake"
here "sluice causes --lake $lake"
"$build/sluice" causes --lake "$lake"
