// Answers one request: to the response topic that it names, with its correlation data.
"use strict";
const mqtt = require("mqtt");

async function main() {
  const oracle = await mqtt.connectAsync(`mqtt://127.0.0.1:${process.argv[2]}`, {
    clientId: "oracle",
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  const asked = new Promise((resolve) => {
    oracle.on("message", (_topic, _payload, packet) => resolve(packet.properties));
  });
  await oracle.subscribeAsync("house/oracle", { qos: 1 });
  const { responseTopic, correlationData } = await asked;
  await oracle.publishAsync(responseTopic, "42", { qos: 1, properties: { correlationData } });
  await oracle.endAsync();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
