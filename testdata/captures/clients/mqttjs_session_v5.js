// What MQTT.js does in the recorded session of 5.0: with the broker all that a client can ask for,
// and with a server of its own packet library what the broker does not do by itself: enhanced
// authentication, response information, reason strings and a pointer to another server.
"use strict";
const mqtt = require("mqtt");
const net = require("net");
const packets = require("mqtt-packet");

const port = Number(process.argv[2]);
const url = `mqtt://127.0.0.1:${port}`;
const common = { protocolVersion: 5, reconnectPeriod: 0 };

function arrivals(client, count) {
  return new Promise((resolve) => {
    client.on("message", () => {
      count -= 1;
      if (count === 0) resolve();
    });
  });
}

function closed(client) {
  return new Promise((resolve) => client.once("close", resolve));
}

/** A subscriber with every option, and a publisher that uses topic aliases. */
async function phoneAndGardener() {
  const phone = await mqtt.connectAsync(url, {
    ...common,
    clientId: "phone",
    clean: false,
    keepalive: 30,
    properties: {
      sessionExpiryInterval: 120,
      receiveMaximum: 5,
      maximumPacketSize: 2048,
      topicAliasMaximum: 3,
      requestResponseInformation: true,
      requestProblemInformation: true,
      userProperties: { model: ["a", "b"] },
    },
  });
  const four = arrivals(phone, 4);
  const options = { qos: 1, nl: true, rap: true, rh: 2 };
  await phone.subscribeAsync(
    { "house/garden/+": options, "caf\u00e9/#": { qos: 0, rh: 1 }, "house/power": { qos: 2 } },
    { properties: { subscriptionIdentifier: 300, userProperties: { why: "dinner" } } },
  ).catch(() => {});

  const gardener = await mqtt.connectAsync(url, { ...common, clientId: "gardener" });
  const alias = { topicAlias: 5 };
  const soil = Buffer.alloc(300, "soil ");
  await gardener.publishAsync("house/garden/soil", soil, {
    qos: 1,
    properties: { ...alias, payloadFormatIndicator: true, contentType: "text/plain" },
  });
  await gardener.publishAsync("", "wet", { qos: 1, properties: alias });
  await gardener.publishAsync("house/garden/gate", Buffer.from([0, 1, 0xfe, 0xff]), {
    qos: 1,
    properties: {
      messageExpiryInterval: 86400,
      responseTopic: "house/garden/answer",
      correlationData: Buffer.from([0xde, 0xad, 0xbe, 0xef]),
      userProperties: { sprache: "Gr\u00fc\u00dfe" },
    },
  });
  await gardener.publishAsync("house/garden/rain", "", { qos: 0 });
  await gardener.endAsync();
  await four;
  await phone.unsubscribeAsync(["house/garden/+", "never/subscribed"]).catch(() => {});
  return phone;
}

/** Another client takes the name, so the first one has to go. */
async function takeOver(phone) {
  const gone = closed(phone);
  const thief = await mqtt.connectAsync(url, {
    ...common,
    clientId: "phone",
    clean: true,
    will: {
      topic: "house/phone/state",
      payload: Buffer.from("away"),
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 0, contentType: "text/plain" },
    },
  });
  await gone;
  // It wants its will to be published although it leaves in order.
  await thief.endAsync(false, {
    reasonCode: 4,
    properties: { reasonString: "battery is empty", userProperties: { charge: "1 %" } },
  });
}

/** Uses a topic alias that is larger than the broker allows, which MQTT.js itself would not send. */
async function tooManyAliases() {
  const socket = net.connect(port, "127.0.0.1");
  const connect = { cmd: "connect", protocolVersion: 5, clientId: "painter", clean: true };
  socket.write(packets.generate({ ...connect, keepalive: 60 }));
  await new Promise((resolve) => socket.once("data", resolve));
  const publish = { cmd: "publish", topic: "house/wall", payload: "red", qos: 0 };
  const properties = { topicAlias: 99 };
  socket.write(packets.generate({ ...publish, properties }, { protocolVersion: 5 }));
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
}

/** A server that asks for a proof, answers two packets with reasons, and sends its client away. */
function butler(socket) {
  const parser = packets.parser({ protocolVersion: 5 });
  const send = (packet) => socket.write(packets.generate(packet, { protocolVersion: 5 }));
  const method = { authenticationMethod: "riddle" };
  let answers = 0;
  const on = {
    connect: () =>
      send({
        cmd: "auth",
        reasonCode: 0x18,
        properties: { ...method, authenticationData: Buffer.from("what walks on four legs") },
      }),
    auth: (packet) => {
      answers += 1;
      if (packet.reasonCode === 0x19 || answers > 1) {
        send({ cmd: "auth", reasonCode: 0, properties: { ...method, reasonString: "again" } });
        return;
      }
      send({
        cmd: "connack",
        sessionPresent: false,
        reasonCode: 0,
        properties: {
          ...method,
          authenticationData: Buffer.from("welcome"),
          sessionExpiryInterval: 60,
          receiveMaximum: 3,
          maximumQoS: 1,
          retainAvailable: false,
          maximumPacketSize: 1000,
          assignedClientIdentifier: "guest-1",
          topicAliasMaximum: 2,
          reasonString: "the riddle is solved",
          wildcardSubscriptionAvailable: false,
          subscriptionIdentifiersAvailable: true,
          sharedSubscriptionAvailable: false,
          serverKeepAlive: 20,
          responseInformation: "guests/1/",
        },
      });
    },
    subscribe: (packet) =>
      send({
        cmd: "suback",
        messageId: packet.messageId,
        granted: [0x01, 0x87, 0xa2],
        properties: { reasonString: "one of three", userProperties: { room: "hall" } },
      }),
    unsubscribe: (packet) =>
      send({
        cmd: "unsuback",
        messageId: packet.messageId,
        granted: [0x00],
        properties: { reasonString: "done" },
      }),
    publish: (packet) =>
      send({
        cmd: "puback",
        messageId: packet.messageId,
        reasonCode: 0x97,
        properties: { reasonString: "the guest book is full" },
      }),
    pingreq: () => {
      send({ cmd: "pingresp" });
      send({
        cmd: "disconnect",
        reasonCode: 0x9c,
        properties: { serverReference: "other.example:1883", reasonString: "the house is closed" },
      });
      socket.end();
    },
  };
  parser.on("packet", (packet) => (on[packet.cmd] || (() => {}))(packet));
  socket.on("data", (data) => parser.parse(data));
  socket.on("error", () => {});
}

/** A guest who does what the butler wants and learns that the house is closed. */
async function guest() {
  const server = net.createServer(butler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const method = { authenticationMethod: "riddle" };
  const client = mqtt.connect(`mqtt://127.0.0.1:${server.address().port}`, {
    ...common,
    clientId: "",
    keepalive: 60,
    properties: { ...method, authenticationData: Buffer.from("please") },
  });
  client.handleAuth = (_packet, callback) =>
    callback(null, {
      cmd: "auth",
      reasonCode: 0x18,
      properties: { ...method, authenticationData: Buffer.from("man") },
    });
  await new Promise((resolve) => client.once("connect", resolve));
  const three = { "guests/hall": { qos: 1 }, "guests/cellar": { qos: 1 }, "guests/+": { qos: 1 } };
  await client.subscribeAsync(three).catch(() => {});
  await client.publishAsync("guests/book", "I was here", { qos: 1 }).catch(() => {});
  await client.unsubscribeAsync("guests/hall").catch(() => {});
  const again = { cmd: "auth", reasonCode: 0x19 };
  const properties = { ...method, authenticationData: Buffer.from("sphinx") };
  client.stream.write(packets.generate({ ...again, properties }, { protocolVersion: 5 }));
  const gone = closed(client);
  client.stream.write(packets.generate({ cmd: "pingreq" }, { protocolVersion: 5 }));
  await gone;
  server.close();
}

async function main() {
  await takeOver(await phoneAndGardener());
  await tooManyAliases();
  await guest();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
