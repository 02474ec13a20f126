// mqtt.js, as run.py wants it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const mqtt = createRequire(`${process.env.PEERS_NPM}/package.json`)('mqtt')
const [what, ...words] = process.argv.slice(2)
const pairs = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
const args = Object.fromEntries(pairs)
const qos = Number(args.qos ?? 0)
const isClean = args.clean !== '0'
const protocolVersion = { '3.1': 3, '3.1.1': 4, '5.0': 5 }[args.version]
const options = {
  protocolVersion,
  protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
  clientId: args.id,
  clean: isClean,
  reconnectPeriod: 100,
  resubscribe: false
}
if (protocolVersion === 5) {
  options.properties = { sessionExpiryInterval: isClean ? 0 : 600, maximumPacketSize: 17 * 1024 * 1024 }
}
if (args.ca) options.ca = readFileSync(args.ca)
if (args.will) options.will = { topic: args.will, payload: args.will_message, qos: 1, retain: false }

function show(topic, payload, packet) {
  const isShort = payload.length < 200
  const body = isShort ? payload : `sha256:${createHash('sha256').update(payload).digest('hex')}`
  console.log(`message ${topic} ${packet.qos} ${Number(packet.retain)} ${body}`)
}

// Whether it was; what is published just before a connection is lost may not be, which it says.
async function isPublished(topic, payload) {
  try {
    await client.publishAsync(topic, payload, { qos, retain: args.retain === '1' })
  } catch (error) {
    if (error.message === 'Connection closed') return false
    // A PUBREL that comes twice; during recovery that is no error, as the standard says at this code.
    if (error.code !== 0x92) throw error
  }
  return true
}

const scheme = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws' }[args.transport]
const path = args.transport === 'ws' ? '/mqtt' : ''
const client = mqtt.connect(`${scheme}://${args.host}:${args.port}${path}`, options)
let wasConnected = false
client.on('error', (error) => console.error(String(error)))
client.on('close', () => wasConnected || process.exit(1))
client.on('message', show)
await new Promise((resolve) => client.once('connect', resolve))
wasConnected = true
const all = (name) => pairs.filter((pair) => pair[0] === name).map((pair) => pair[1])
if (what === 'sub') {
  await client.subscribeAsync(all('filter'), { qos })
  console.log('ready')
} else {
  let payloads = Array.from({ length: Number(args.count ?? 0) }, (_, number) => `m${number}`)
  if ('message' in args) payloads = [args.message]
  if ('file' in args) payloads = [readFileSync(args.file)]
  const topics = all('topic')
  for (const [at, payload] of payloads.entries()) {
    const topic = topics[at % topics.length]
    while (!(await isPublished(topic, payload)));
  }
  await client.endAsync()
}
