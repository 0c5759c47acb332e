import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

export type Reply = (request: IncomingMessage, response: ServerResponse) => void

/** A web server on loopback that publishes what it is told to, and remembers what it was asked. */
export async function startPublisher(t: ExecutionContext) {
  const replies = new Map<string, Reply>()
  const asked: { method: string | undefined; path: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    const { method, url: path = '', headers } = request
    asked.push({ method, path, headers })
    const reply = replies.get(path)
    if (reply) reply(request, response)
    else response.writeHead(404).end('nothing here')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cairn/`
  const set = (name: string, reply: Reply) => void replies.set(`/cairn/${name}`, reply)

  /** As nginx does it: with an etag, and parts of what is large. */
  function publish(name: string, bytes: Buffer) {
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`
    set(name, (request, response) => {
      if (request.headers['if-none-match'] === etag) return response.writeHead(304, { etag }).end()
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const rest = bytes.subarray(from)
      response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': rest.length }).end(rest)
    })
  }

  /** A release with its description, of which some is said otherwise. */
  function release(version: string, bundlePath: string | null, changes: Record<string, unknown> = {}) {
    const bytes = bundlePath === null ? Buffer.from('no bundle') : readFileSync(bundlePath)
    const name = `cairn-${version}.raucb`
    publish(name, bytes)
    const bundle = { url: name, sizeBytes: bytes.length, sha256: sha256(bytes) }
    const description = {
      format: 1,
      target: 'test',
      version,
      date: '2026-03-29',
      bundle,
      notes: ['One thing'],
    }
    publish('cairn-test.json', Buffer.from(JSON.stringify({ ...description, ...changes })))
    return { bundle, bytes, path: `/cairn/${name}` }
  }

  return { url, asked, set, publish, release }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
