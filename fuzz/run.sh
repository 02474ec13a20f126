#!/bin/sh
# Builds the fuzz targets once and runs each of them, one on each processor: fuzz/run.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/.."

# One that is built.
if [ "${1-}" = --one ]; then
    seconds=$2 target=$3
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    log=fuzz/artifacts/$target.log
    host=$(rustc +stable -vV | sed -n 's/^host: //p')
    # A session lives through more than one packet.
    case $target in session_* | restore) longest=2048 ;; *) longest=512 ;; esac
    status=0
    "fuzz/target/$host/release/$target" \
        "fuzz/corpus/$target" "fuzz/regressions/$target" \
        -max_total_time="$seconds" -max_len=$longest -timeout=2 -rss_limit_mb=512 \
        -dict=fuzz/corpus/mqtt.dict -artifact_prefix="fuzz/artifacts/$target/" \
        -print_final_stats=1 >"$log" 2>&1 || status=1
    if [ $status = 1 ]; then
        echo "$target FAILED"
        grep -A 4 -E 'panicked|ERROR' "$log" | head -n 20 || true
    fi
    grep -E 'DONE|number_of_executed_units' "$log" | sed "s/^/$target: /" || true
    exit $status
fi

seconds=${1:?seconds for each target}
shift
[ $# -gt 0 ] || set -- decode fixpoint chunks structured differential topics \
    session_client session_server restore
python3 fuzz/seeds.py
cargo +stable fuzz build -s none
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh fuzz/run.sh --one "$seconds"
