#!/bin/sh
# Records a session: a Mosquitto broker and its command line clients, Eclipse Paho (Python) and
# MQTT.js (Node) on the loopback interface. Needs Debian or Ubuntu, root, python3 with venv, node
# and npm. Everything but the capture is kept in a temporary directory that is removed at the end.
#
# Usage: sudo testdata/captures/record.sh [SESSION [OUTPUT]]
# where SESSION is one of the files in scenes/: session (MQTT 3.1 and 3.1.1) or session-v5.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
session=${1:-session}
output=${2:-$here/$session.pcap}
port=1883

# A network namespace of its own holds nothing but loopback: the port is free and no other traffic
# can get into the capture.
if [ -z "${RECORD_IN_NAMESPACE:-}" ]; then
    tools="mosquitto mosquitto-clients tcpdump wireshark-common"
    for tool in mosquitto mosquitto_pub tcpdump editcap; do
        if ! command -v "$tool" >/dev/null; then
            apt-get update
            # shellcheck disable=SC2086
            apt-get install -y --no-install-recommends $tools
            break
        fi
    done
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet 'paho-mqtt==2.*'
    npm install --silent --no-fund --no-audit --prefix "$work" 'mqtt@5'
    RECORD_IN_NAMESPACE=1 WORK=$work unshare --net "$0" "$session" "$output"
    exit
fi

work=$WORK
ip link set lo up
pids=
# shellcheck disable=SC2154
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || true; done' EXIT

touch "$work/passwords"
chmod 0700 "$work/passwords"
mosquitto_passwd -b "$work/passwords" reader not-a-real-password
cat >"$work/mosquitto.conf" <<CONF
listener $port 127.0.0.1
user root
allow_anonymous true
password_file $work/passwords
sys_interval 0
CONF

tcpdump -i lo -s 0 -U --immediate-mode -w "$work/raw.pcap" tcp 2>"$work/tcpdump.log" &
tcpdump=$!
pids="$pids $tcpdump"
sleep 1

# The broker, with the settings of the session if it has any.
start_broker() {
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
    broker=$!
    pids="$pids $broker"
    sleep 1
}

# shellcheck source=/dev/null
. "$here/scenes/$session.sh"

sleep 1
kill "$tcpdump"
wait "$tcpdump" || true
# The plain format has no room for the names of the machine, its hardware and its user.
editcap -F pcap "$work/raw.pcap" "$output"
