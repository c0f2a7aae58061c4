#!/bin/bash
# make.sh BUILD: pictures of the console on the demo's lake, in screenshots/.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1 bytes=$1/screenshots lake=$1/lake
demo/demo.sh "$build" </dev/null >/dev/null
(cd tests/screenshots && { [[ -d node_modules ]] || npm ci --no-audit --no-fund --silent; })
rm -rf "$bytes" "$lake"
cp -a demo/lake "$lake"
tests/screenshots/record.py "$build/sluice" "$lake" "$bytes" >/dev/null
node tests/screenshots/paint.mjs "$bytes" screenshots
