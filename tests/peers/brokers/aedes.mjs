// The broker aedes: aedes.mjs TCP TLS WS CERT KEY, the first three being ports of 127.0.0.1.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { createRequire } from 'node:module'
import tls from 'node:tls'
import { pathToFileURL } from 'node:url'

const npm = `${process.env.PEERS_NPM}/package.json`
const { Aedes } = await import(pathToFileURL(createRequire(npm).resolve('aedes')))
const ws = createRequire(npm)('ws')
const [tcpPort, tlsPort, wsPort, cert, key] = process.argv.slice(2)
const aedes = await Aedes.createBroker()
aedes.on('clientError', (client, error) => console.error(`${client.id}: ${error.message}`))
aedes.on('connectionError', (client, error) => console.error(`connection: ${error.message}`))
net.createServer(aedes.handle).listen(tcpPort, '127.0.0.1')
const secrets = { cert: readFileSync(cert), key: readFileSync(key) }
tls.createServer(secrets, aedes.handle).listen(tlsPort, '127.0.0.1')
const server = http.createServer()
new ws.WebSocketServer({ server }).on('connection', (socket, request) => {
  aedes.handle(ws.createWebSocketStream(socket), request)
})
server.listen(wsPort, '127.0.0.1')
