import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { DEFAULT_CIPHERS, type SecureContextOptions } from 'node:tls'
import { Failure } from '../lib/failure.ts'
import { cipherList, usualSuites } from './ciphers.ts'
import { holdBodies } from './continue.ts'

export interface HttpServer {
  start(): Promise<{ port: number }>
  /** For connections from now on. */
  setCredentials(credentials: Credentials): void
  /** Suites of TLS 1.3, the one that is taken first where the client knows it; for connections from now on. */
  setSuites(suites: readonly string[]): void
  /** Takes no new connections from then on, and ends when the last answer is given, however long that takes. */
  leave(): Promise<void>
  /** Takes no new connections, lets requests under way end, and cuts what is left after the grace. */
  stop(): Promise<void>
}

const maxHeaderBytes = 32 * 1024
const stopGraceMs = 8_000
const dropForMs = 30_000
const cutEveryMs = 100

/** PEM texts. */
interface Credentials {
  certificate: string
  key: string
}

/**
 * `isShared`: several server processes listen on one port, and the kernel spreads connections (SO_REUSEPORT). With
 * `credentials` it is HTTPS.
 */
export function createHttpServer(options: {
  port: number
  isShared: boolean
  listener: RequestListener
  credentials?: Credentials
}): HttpServer {
  let isLeaving = false
  const silent = createSilent()
  const listener: RequestListener = (request, response) => {
    silent.hasSpoken(request.socket)
    // The next request of this client goes to another process.
    if (isLeaving) response.setHeader('Connection', 'close')
    dropRestOf(request, response)
    options.listener(request, response)
  }
  let { credentials } = options
  let suites: readonly string[] = usualSuites
  const limits = { maxHeaderSize: maxHeaderBytes, keepAliveTimeout: 65_000, requestTimeout: 0 }
  const secure = credentials
    ? createSecureServer({ ...limits, ...secureContext(credentials, suites) }, listener)
    : undefined
  const renew = () => credentials && secure?.setSecureContext(secureContext(credentials, suites))
  const server = secure ?? createServer(limits, listener)
  server.headersTimeout = 30_000
  server.on('connection', silent.add)
  server.on('clientError', refuse)
  holdBodies(server, listener)
  return {
    start: () => listen(server, options),
    setCredentials(next) {
      credentials = next
      renew()
    },
    setSuites(next) {
      suites = next
      renew()
    },
    leave() {
      isLeaving = true
      return drain(server, silent)
    },
    stop: () => close(server, silent),
  }
}

/** TLS 1.2 for what is older than ten years; the order of ciphers is ours. */
function secureContext({ certificate, key }: Credentials, suites: readonly string[]): SecureContextOptions {
  const ciphers = cipherList(suites, DEFAULT_CIPHERS)
  return { cert: certificate, key, minVersion: 'TLSv1.2', honorCipherOrder: true, ciphers }
}

/** Before the first of several server processes listens: they would share a port with another program of ours, too. */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer()
  await listen(server, { port, isShared: false })
  await new Promise(resolve => server.close(resolve))
}

/**
 * Where the answer comes before the end of the body (the disk is full, say), the rest is read and dropped for a while:
 * a connection that is cut while the client still sends takes the answer with it.
 */
function dropRestOf(request: IncomingMessage, response: ServerResponse) {
  const { socket } = request
  // Node closes both ways after the answer where the client asked for `Connection: close`: first only ours.
  socket.destroySoon = () => {
    if (request.complete || socket.destroyed) Socket.prototype.destroySoon.call(socket)
    else socket.end()
  }
  response.once('finish', () => {
    if (request.complete) return
    const cut = setTimeout(() => socket.destroy(), dropForMs)
    request.once('close', () => {
      clearTimeout(cut)
      if (socket.writableEnded) socket.destroy()
    })
    request.resume()
  })
}

/** What is no HTTP gets one line and no second chance. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex) {
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function listen(
  server: Server,
  { port, isShared }: { port: number; isShared: boolean },
): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(asFailure(error, port)))
    server.listen({ port, reusePort: isShared }, () => {
      const address = server.address()
      resolve({ port: typeof address === 'object' && address ? address.port : port })
    })
  })
}

function asFailure(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error
  const message = `Port ${port} is in use by another program. Stop it, or choose another port with --http-port or --https-port.`
  return new Failure('conflict', 'http/port-taken', message, { cause: error })
}

/** Connections on which nothing was asked yet. */
type Silent = ReturnType<typeof createSilent>

/**
 * Browsers open some in advance. To Node these are not idle but on their way to a first request, and one that has not begun
 * with TLS is none of HTTP's at all: they would hold up the end for minutes.
 */
function createSilent() {
  const sockets = new Map<string, Socket>()
  // Of a connection by TLS Node shows two sockets, which have this in common.
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
  return {
    add(socket: Socket) {
      const name = nameOf(socket)
      sockets.set(name, socket)
      socket.once('close', () => {
        if (sockets.get(name) === socket) sockets.delete(name)
      })
    },
    hasSpoken(socket: Socket) {
      sockets.delete(nameOf(socket))
    },
    cut() {
      for (const socket of sockets.values()) socket.destroy()
    },
  }
}

/** So long a client that asks again and again on one connection has for its next request, and hears that it is the last. */
const lastRequestMs = 5_000

/** Node's own way of closing cuts idle connections at once, on which a request may be under way: here only those that stay idle. */
async function drain(server: Server, silent: Silent) {
  const closed = new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()))
  const cutting = setTimeout(() => {
    idle = keepCutting(server, silent)
  }, lastRequestMs)
  let idle: NodeJS.Timeout | undefined
  await closed
  clearTimeout(cutting)
  clearInterval(idle)
}

async function close(server: Server, silent: Silent) {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  const idle = keepCutting(server, silent)
  const force = setTimeout(() => server.closeAllConnections(), stopGraceMs)
  await closed
  clearInterval(idle)
  clearTimeout(force)
}

/** A connection whose answer has ended is idle only then: it is looked for again. */
function keepCutting(server: Server, silent: Silent): NodeJS.Timeout {
  return setInterval(() => {
    server.closeIdleConnections()
    silent.cut()
  }, cutEveryMs)
}
