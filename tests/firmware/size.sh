#!/bin/sh
# Builds the firmware for a Cortex-M4 and measures its code: at most 40 KiB.
#   size.sh             prints the size; skips where the compiler is missing
#   size.sh --install   installs Debian's compiler first (as root)
#   size.sh --run       runs it in qemu-system-arm, too
#   size.sh --symbols   prints the largest functions, too
set -eu
cd "$(dirname "$0")"
limit=40960
if [ "${1:-}" = --install ]; then
    apt-get update >/dev/null
    apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src lld binutils-arm-none-eabi >/dev/null
fi
rustc=/usr/bin/rustc cargo=/usr/bin/cargo
if ! [ -x $rustc ] || ! [ -x $cargo ] || ! [ -d "$($rustc --print sysroot)/lib/rustlib/src/rust/library/core" ]; then
    echo "skipped: $rustc and $cargo with the sources of core are not installed (size.sh --install)"
    exit 0
fi
lld=$(command -v ld.lld || true)
[ -n "$lld" ] || { echo "skipped: ld.lld is not installed (size.sh --install)"; exit 0; }

target=thumbv7em-none-eabihf
dir=${CARGO_TARGET_DIR:-$(pwd)/target}
RUSTC_BOOTSTRAP=1 RUSTC=$rustc CARGO_TARGET_DIR=$dir \
    RUSTFLAGS="-C linker=$lld -C linker-flavor=ld.lld -C link-arg=-T$(pwd)/link.x" \
    $cargo build --release --quiet -Zbuild-std=core,alloc --target $target
elf=$dir/$target/release/firmware

# The sections, from the ELF header on; no tool for the target is needed.
size=$(python3 - "$elf" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
offset, = struct.unpack_from("<I", data, 0x20)
entry, count, names = struct.unpack_from("<HHH", data, 0x2e)
sections = [struct.unpack_from("<10I", data, offset + entry * i) for i in range(count)]
start = sections[names][4]
for section in sections:
    name = data[start + section[0]:data.index(b"\0", start + section[0])]
    if name == b".text":
        print(section[5])
PY
)
echo ".text: $size bytes of at most $limit"
if [ "${1:-}" = --symbols ]; then
    arm-none-eabi-nm --print-size --size-sort --demangle "$elf" | tail -n 30
fi
if [ "${1:-}" = --run ]; then
    timeout 30 qemu-system-arm -M mps2-an386 -nographic -semihosting-config enable=on,target=native -kernel "$elf"
    echo "every packet was read and written"
fi
[ "$size" -le $limit ]
