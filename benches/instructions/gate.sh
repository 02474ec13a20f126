#!/bin/sh
# Counts the instructions for each packet and compares them with the committed ceilings.
#   gate.sh           prints the table; fails where a ceiling is exceeded
#   gate.sh --update  writes new ceilings, 3 % above what it counts
set -eu
cd "$(dirname "$0")"

if ! command -v valgrind >/dev/null; then
    echo "skipped: valgrind is not installed"
    exit 0
fi
cargo build --release --locked --quiet
target=$(cargo metadata --format-version 1 --no-deps --locked |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without this a copy may be one instruction for each byte, or not, as the processor likes.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1073741824

# Prints all instructions of so many rounds of a case, leaves the number of packets in a file.
count() {
    valgrind --tool=callgrind --callgrind-out-file="$work/out" \
        "$target/release/instructions" "$1" "$2" >"$work/packets" 2>"$work/log" ||
        { cat "$work/log" >&2; exit 1; }
    sed -n 's/^summary: //p' "$work/out"
}

failed=0
: >"$work/ceilings"
printf '%-8s %12s %9s\n' case instructions ceiling
# D and E are 3.1.1, V and W the same of 5.0. So are S1 and S1v; wN has N messages on their way, not 20.
for case in D1 D2 D3 D3k D4 D5 D6 D7 D8 D9 E1 E2 E3 E4 E5 E6 E7 E8 \
    V1 V2 V4 V5 V6 V8 W1 W2 W4 W5 W6 W8 \
    S1 S1w1000 S2 S2w1000 S3 S3m S4 S4w1000 S1v S2v S3v S4v; do
    few=$(count $case 2)
    packets=$(cat "$work/packets")
    # Starting costs a few hundred instructions more or less, so many packets must share them.
    rounds=$((512 / packets))
    [ $rounds -ge 2 ] || rounds=2
    many=$(count $case $((2 + rounds)))
    found=$(((many - few) / rounds / packets))
    echo "$case $(((found * 103 + 99) / 100))" >>"$work/ceilings"
    ceiling=$(sed -n "s/^$case //p" ceilings.txt)
    verdict=
    if [ "${1:-}" != --update ] && [ "$found" -gt "${ceiling:-0}" ]; then
        verdict=EXCEEDED
        failed=1
    fi
    case $case in
    D1 | V1)
        [ "$found" -le 150 ] || { verdict="more than 150"; failed=1; }
        ;;
    esac
    printf '%-8s %12s %9s %s\n' $case "$found" "${ceiling:--}" "$verdict"
done

# A large packet that comes byte by byte must cost in proportion to its size.
none=$(count bytes 0)
one=$(($(count bytes 15) - none))
two=$(($(count bytes 30) - none))
percent=$((two * 100 / one))
verdict=
[ $percent -le 210 ] || { verdict=EXCEEDED; failed=1; }
printf '%-8s %11s%% %8s%% %s\n' 'bytes' $percent 210 "$verdict"

if [ "${1:-}" = --update ]; then
    cp "$work/ceilings" ceilings.txt
fi
exit $failed
