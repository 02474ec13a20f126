// The page of the broker: connects back to where it came from.
"use strict";

// Older messages leave the page, or it would grow for ever.
const MOST = 200;

const element = (id) => document.getElementById(id);
const forms = { connect: element("connect"), subscribe: element("subscribe"), publish: element("publish") };
const buttons = [forms.subscribe, forms.publish].map((form) => form.querySelector("button"));
let client = null;
let count = 0;

function status(text, kind) {
  element("status").textContent = text;
  element("status").className = kind || "";
  for (const button of buttons) button.disabled = kind !== "on";
}

function connect(values) {
  if (client) client.end(true);
  element("subscriptions").replaceChildren();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  client = mqtt.connect(`${scheme}://${location.host}/mqtt`, {
    clientId: values.get("client"),
    username: values.get("user") || undefined,
    password: values.get("password") || undefined,
    protocolVersion: Number(values.get("version")),
    protocolId: values.get("version") === "3" ? "MQIsdp" : "MQTT",
    reconnectPeriod: 2000,
  });
  client.on("connect", () => status("connected", "on"));
  client.on("close", () => status("not connected", "bad"));
  client.on("error", (error) => {
    // Wrong passwords do not get right by themselves.
    if (error.code !== undefined) client.end(true);
    setTimeout(() => status(error.message, "bad"));
  });
  client.on("message", show);
}

function show(topic, payload, packet) {
  const row = document.createElement("tr");
  const qos = `${packet.qos}${packet.retain ? ", retained" : ""}`;
  for (const text of [new Date().toLocaleTimeString(), topic, qos, payload.toString()]) {
    row.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  element("messages").prepend(row);
  while (element("messages").children.length > MOST) element("messages").lastChild.remove();
  element("count").textContent = ++count;
}

function subscribe(values) {
  client.subscribe(values.get("filter"), { qos: Number(values.get("qos")) }, (error, granted) => {
    const one = granted && granted[0];
    const text = error || !one || one.qos > 2
      ? `${values.get("filter")}: ${error ? error.message : "not granted"}`
      : `${one.topic}, QoS ${one.qos}`;
    element("subscriptions").append(Object.assign(document.createElement("li"), { textContent: text }));
  });
}

function publish(values) {
  const options = { qos: Number(values.get("qos")), retain: values.has("retain") };
  client.publish(values.get("topic"), values.get("message"), options, (error) => {
    if (error) element("status").textContent = error.message;
  });
}

if (window.mqtt) {
  forms.connect.elements.client.value = `page-${Math.random().toString(16).slice(2, 10)}`;
  const actions = { connect, subscribe, publish };
  for (const [name, form] of Object.entries(forms)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      actions[name](new FormData(form));
    });
  }
  connect(new FormData(forms.connect));
} else {
  element("missing").hidden = false;
  element("connect").querySelector("button").disabled = true;
}
