# shellcheck shell=sh disable=SC2154
# MQTT 3.1 and 3.1.1; record.sh runs it.

start_broker

# A subscriber with a name and a password that watches the whole house for as long as it lasts.
mosquitto_sub -p $port -V mqttv311 -i watcher -u reader -P not-a-real-password -k 60 \
    -t 'house/#' -q 2 >"$work/watcher.log" 2>&1 &
watcher=$!
pids="$pids $watcher"
sleep 0.5

# One message at each QoS, the last one retained, by clients of both versions.
mosquitto_pub -p $port -V mqttv31 -i doorbell -t house/door/bell -m ring -q 0
mosquitto_pub -p $port -V mqttv311 -i meter -t house/power -m 2310 -q 1
mosquitto_pub -p $port -V mqttv31 -i thermostat -t house/kitchen/temperature -m 21.5 -q 2 -r

# A wrong password, which the broker refuses.
mosquitto_pub -p $port -V mqttv311 -i stranger -u reader -P guessed-password -t house/door/lock \
    -m open || true

"$work/venv/bin/python" "$here/clients/paho_session.py" $port
NODE_PATH=$work/node_modules node "$here/clients/mqttjs_session.js" $port

kill "$watcher"
wait "$watcher" || true
