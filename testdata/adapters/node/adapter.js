// Lets the runner drive mqtt-packet: npm install, then run.py --adapter 'node .../adapter.js'.
'use strict'
const mqtt = require('mqtt-packet')
const LEVELS = { '3.1': 3, '3.1.1': 4, '5.0': 5 }
const NAMES = { connect: 'MQTT', 3: 'MQIsdp' }
const FLAGS = ['payload_format_indicator', 'request_problem_information', 'request_response_information',
  'retain_available', 'wildcard_subscription_available', 'subscription_identifiers_available',
  'shared_subscription_available']
// Where its name of a property is not that of the standard in camel case.
const OTHERS = { maximum_qos: 'maximumQoS', user_property: 'userProperties' }
const ACKS = ['puback', 'pubrec', 'pubrel', 'pubcomp']
const camel = name => OTHERS[name] ?? name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
const snake = name => Object.keys(OTHERS).find(key => OTHERS[key] === name) ??
  name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())
const hex = value => value == null ? null : Buffer.from(value).toString('hex')
const bytes = value => value == null ? undefined : Buffer.from(value, 'hex')

function properties (given = {}) {
  const out = {}
  for (const [name, value] of Object.entries(given)) {
    const key = snake(name)
    if (key === 'user_property') out[key] = Object.entries(value).flatMap(([k, v]) => [v].flat().map(each => [k, each]))
    else if (key === 'subscription_identifier') out[key] = [value].flat()
    else if (FLAGS.includes(key)) out[key] = Number(value)
    else out[key] = Buffer.isBuffer(value) ? hex(value) : value
  }
  return out
}

function propertiesOf (given) {
  const out = {}
  for (const [key, value] of Object.entries(given ?? {})) {
    if (key === 'user_property') {
      out.userProperties = {}
      for (const [k, v] of value) out.userProperties[k] = [...(out.userProperties[k] ?? []), v]
    } else if (FLAGS.includes(key)) out[camel(key)] = Boolean(value)
    else out[camel(key)] = ['correlation_data', 'authentication_data'].includes(key) ? bytes(value) : value
  }
  return out
}

function toJson (p, version) {
  const v5 = version === '5.0'
  const type = p.cmd
  const props = v5 ? { properties: properties(p.properties) } : {}
  const will = p.will && { topic: p.will.topic, payload: hex(p.will.payload), qos: p.will.qos, retain: p.will.retain, ...(v5 ? { properties: properties(p.will.properties) } : {}) }
  if (type === 'connect') {
    return { type, protocol_version: version, [v5 ? 'clean_start' : 'clean_session']: p.clean, keep_alive: p.keepalive, client_id: p.clientId, will: will ?? null, user_name: p.username ?? null, password: hex(p.password), ...props }
  }
  if (type === 'connack') return { type, session_present: version === '3.1' ? null : p.sessionPresent, ...(v5 ? { reason_code: p.reasonCode } : { code: p.returnCode }), ...props }
  if (type === 'publish') return { type, dup: p.dup, qos: p.qos, retain: p.retain, topic: p.topic, packet_id: p.messageId ?? null, payload: hex(p.payload), ...props }
  if (ACKS.includes(type)) return { type, packet_id: p.messageId, ...(v5 ? { reason_code: p.reasonCode ?? 0 } : {}), ...props }
  if (type === 'subscribe') {
    const of = s => ({ filter: s.topic, qos: s.qos, ...(v5 ? { no_local: s.nl, retain_as_published: s.rap, retain_handling: s.rh } : {}) })
    return { type, packet_id: p.messageId, subscriptions: p.subscriptions.map(of), ...props }
  }
  if (type === 'suback') return { type, packet_id: p.messageId, [v5 ? 'reason_codes' : 'codes']: p.granted, ...props }
  if (type === 'unsubscribe') return { type, packet_id: p.messageId, filters: p.unsubscriptions, ...props }
  if (type === 'unsuback') return { type, packet_id: p.messageId, ...(v5 ? { reason_codes: p.granted } : {}), ...props }
  return v5 && ['disconnect', 'auth'].includes(type) ? { type, reason_code: p.reasonCode ?? 0, ...props } : { type }
}

function ofJson (p, version) {
  const of = will => will && { ...will, payload: bytes(will.payload), properties: propertiesOf(will.properties) }
  return {
    cmd: p.type, protocolId: NAMES[LEVELS[version]] ?? NAMES.connect, protocolVersion: LEVELS[version],
    clean: p.clean_session ?? p.clean_start, keepalive: p.keep_alive, clientId: p.client_id,
    will: of(p.will) ?? undefined, username: p.user_name ?? undefined, password: bytes(p.password),
    sessionPresent: p.session_present ?? false, returnCode: p.code, reasonCode: p.reason_code,
    dup: p.dup, qos: p.qos, retain: p.retain, topic: p.topic, messageId: p.packet_id ?? undefined,
    payload: bytes(p.payload), unsubscriptions: p.filters, granted: p.codes ?? p.reason_codes,
    subscriptions: p.subscriptions?.map(s => ({ topic: s.filter, qos: s.qos, nl: s.no_local, rap: s.retain_as_published, rh: s.retain_handling })),
    properties: version === '5.0' ? propertiesOf(p.properties) : undefined
  }
}

// What comes out of the parser, piece by piece.
function feed (pieces, version, told) {
  const parser = mqtt.parser(told ? { protocolVersion: LEVELS[version] } : {})
  const out = { packets: [], consumed: [], after: [], error: null, left: 0 }
  let given = 0
  parser.on('packet', p => {
    if (out.error) return
    if (p.cmd === 'connect' && p.protocolVersion !== LEVELS[version]) out.error = new Error('another version')
    else out.packets.push(toJson(p, version))
    out.consumed.push(given - parser._list.length)
  })
  parser.on('error', error => { out.error ??= error })
  for (const piece of pieces) {
    given += piece.length
    if (!out.error && piece.length) out.left = parser.parse(piece)
    out.after.push(out.packets.length)
  }
  out.left = given - (out.consumed.at(-1) ?? 0)
  return out
}

function cut (all, plan) {
  const pieces = []
  for (let at = 0, index = 0; at < all.length; index++) {
    const size = plan.length ? plan[Math.min(index, plan.length - 1)] : all.length
    pieces.push(all.subarray(at, at + size))
    at += size
  }
  return pieces
}

const answers = {
  hello: () => ({ impl: 'mqtt-packet', impl_version: require('mqtt-packet/package.json').version, language: 'JavaScript', versions: Object.keys(LEVELS), to: ['client', 'server'], ops: ['decode', 'encode', 'stream'], level: 1 }),
  decode (r) {
    if (r.level === 'direction' || Object.keys(r.options).length) return { result: 'skip', why: 'no such option' }
    const { packets, consumed, error } = feed([bytes(r.hex)], r.version, true)
    if (packets.length) return { result: 'ok', packet: packets[0], consumed: consumed[0] }
    return error ? { result: 'error', native: error.message } : { result: 'incomplete' }
  },
  stream (r) {
    if (r.level === 'direction' || Object.keys(r.options).length) return { result: 'skip', why: 'no such option' }
    const { packets, after, error, left } = feed(cut(bytes(r.hex), r.plan), r.version, r.told)
    return { result: error ? 'error' : left ? 'incomplete' : 'ok', packets, after, native: error?.message }
  },
  encode (r) {
    try {
      return { result: 'ok', hex: hex(mqtt.generate(ofJson(r.packet, r.version), { protocolVersion: LEVELS[r.version] })) }
    } catch (error) {
      return { result: 'error', native: error.message }
    }
  }
}

require('readline').createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', line => {
  const request = JSON.parse(line)
  if (request.op === 'stop') process.exit(0)
  const answer = answers[request.op] ?? (() => ({ result: 'skip', why: 'unknown operation' }))
  process.stdout.write(JSON.stringify({ id: request.id, ...answer(request) }) + '\n')
})
