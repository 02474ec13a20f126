// What MQTT.js does in the recorded session: both versions, a will that is not needed, wildcards,
// text outside ASCII, a large and an empty message.
"use strict";
const mqtt = require("mqtt");

const url = `mqtt://127.0.0.1:${process.argv[2]}`;

function arrivals(client, count) {
  return new Promise((resolve) => {
    client.on("message", () => {
      count -= 1;
      if (count === 0) resolve();
    });
  });
}

async function main() {
  const phone = await mqtt.connectAsync(url, {
    clientId: "phone",
    username: "reader",
    password: "not-a-real-password",
    keepalive: 30,
    will: { topic: "house/phone/state", payload: Buffer.from("away"), qos: 0, retain: false },
  });
  const three = arrivals(phone, 3);
  await phone.subscribeAsync({ "house/garden/+": { qos: 0 }, "caf\u00e9/#": { qos: 1 } });

  const gardener = await mqtt.connectAsync(url, {
    clientId: "gardener",
    protocolId: "MQIsdp",
    protocolVersion: 3,
  });
  await gardener.publishAsync("house/garden/soil", Buffer.alloc(300, "soil "), { qos: 2 });
  await gardener.publishAsync("caf\u00e9/men\u00fc", "K\u00e4sekuchen", { qos: 1 });
  await gardener.publishAsync("house/garden/gate", "", { qos: 0 });
  await gardener.endAsync();

  await three;
  await phone.unsubscribeAsync(["house/garden/+", "caf\u00e9/#"]);
  await phone.endAsync();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
