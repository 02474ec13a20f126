# shellcheck shell=sh disable=SC2154
# MQTT 5.0; record.sh runs it.

# Limits that the broker tells in its CONNACK, and a room that nobody may enter.
cat >"$work/rights" <<RIGHTS
topic readwrite house/#
topic deny house/vault/#
topic readwrite office/#
user reader
topic readwrite house/#
RIGHTS
cat >>"$work/mosquitto.conf" <<CONF
acl_file $work/rights
max_qos 1
max_topic_alias 8
max_packet_size 4096
max_keepalive 300
max_inflight_messages 12
CONF
start_broker

# A subscriber that watches the whole house for as long as it lasts. Its subscription has a number,
# and it sees which messages are published to be retained.
mosquitto_sub -p $port -V mqttv5 -i watcher -u reader -P not-a-real-password -k 60 -x 3600 \
    -t 'house/#' -q 1 -D CONNECT receive-maximum 20 -D CONNECT topic-alias-maximum 4 \
    -D CONNECT request-problem-information 1 -D CONNECT user-property floor ground \
    -D SUBSCRIBE subscription-identifier 200 -D SUBSCRIBE user-property reason logging \
    --retain-as-published >"$work/watcher.log" 2>&1 &
watcher=$!
pids="$pids $watcher"
sleep 0.5

# Messages with properties; the broker allows no QoS 2, so the client that wants it gives up.
mosquitto_pub -p $port -V mqttv5 -i doorbell -t house/door/bell -m ring -q 0 \
    -D PUBLISH payload-format-indicator 1 -D PUBLISH content-type text/plain \
    -D PUBLISH user-property button left -D PUBLISH user-property button twice
mosquitto_pub -p $port -V mqttv5 -i meter -t house/power -m 2310 -q 1 \
    -D PUBLISH message-expiry-interval 90 -D PUBLISH response-topic house/power/answer \
    -D PUBLISH correlation-data reading-17 -D DISCONNECT user-property left friendly
mosquitto_pub -p $port -V mqttv5 -i thermostat -t house/kitchen/temperature -m 21.5 -q 1 -r \
    -D CONNECT session-expiry-interval 30 -D DISCONNECT session-expiry-interval 0
mosquitto_pub -p $port -V mqttv5 -i optimist -t house/garden -m rain -q 2 || true

# Two messages of which the second has a topic alias alone, by a client without a name of its own.
mosquitto_pub -p $port -V mqttv5 -t house/attic/humidity -m 61 -q 1 --repeat 2 \
    -D PUBLISH topic-alias 3

# A message that nobody wants, one for a room that is closed, and a wrong password.
mosquitto_pub -p $port -V mqttv5 -i caller -t office/phone -m hello -q 1 || true
mosquitto_pub -p $port -V mqttv5 -i burglar -t house/vault/door -m open -q 1 || true
mosquitto_pub -p $port -V mqttv5 -i stranger -u reader -P guessed-password -t house/door/lock \
    -m open || true

# Two cooks who share the orders.
for cook in anna ben; do
    mosquitto_sub -p $port -V mqttv5 -i "cook-$cook" -t '$share/kitchen/house/orders' -q 1 -C 1 \
        -W 10 >>"$work/cooks.log" 2>&1 &
    pids="$pids $!"
done
sleep 0.5
mosquitto_pub -p $port -V mqttv5 -i waiter -t house/orders -m soup -q 1 --repeat 2

# A freezer with a will, which dies without a word; the broker waits a second before it tells.
mosquitto_sub -p $port -V mqttv5 -i freezer -x 60 -t house/freezer/set -U house/freezer/old \
    --will-topic house/freezer/state --will-payload gone --will-qos 1 --will-retain \
    -D WILL will-delay-interval 1 -D WILL payload-format-indicator 1 \
    -D WILL message-expiry-interval 600 -D WILL content-type text/plain \
    -D WILL response-topic house/freezer/answer -D WILL correlation-data freezer \
    -D WILL user-property shelf 2 -D UNSUBSCRIBE user-property since spring \
    >"$work/freezer.log" 2>&1 &
freezer=$!
sleep 0.5
kill -9 "$freezer"
wait "$freezer" || true

# MQTT.js with the broker; then with a server that does what Mosquitto does not by itself.
NODE_PATH=$work/node_modules node "$here/clients/mqttjs_session_v5.js" $port

# A request and its answer, which are matched by their correlation data.
NODE_PATH=$work/node_modules node "$here/clients/mqttjs_oracle_v5.js" $port &
oracle=$!
pids="$pids $oracle"
sleep 1
mosquitto_rr -p $port -V mqttv5 -i pilgrim -t house/oracle -e house/oracle/answers \
    -m 'what is six by nine' -q 1 -W 10 -D PUBLISH correlation-data pilgrim-1 >"$work/pilgrim.log" 2>&1
wait "$oracle" || true

# The broker goes while the watcher is still there.
sleep 0.5
kill "$broker"
wait "$broker" || true
sleep 0.3
kill "$watcher" 2>/dev/null || true
wait "$watcher" || true
