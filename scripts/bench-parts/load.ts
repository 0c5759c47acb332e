import { type ChildProcess, execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A server under test. */
export interface Peer {
  name: string
  /** Of the folder that is measured, with a slash at the end. */
  url: string
  authorization: string | undefined
  /** The same folder on the disk. */
  folder: string
  /** Where the same folder is the share `shared` of the network drive. */
  smbPort?: number
  /** All whose memory counts. */
  pids(): number[]
  stop(): Promise<void>
}

export const plainProperties = '<d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/>'
/** What the desktop client asks for (3.16, Depth 1). */
export const desktopProperties =
  '<d:resourcetype/><d:getlastmodified/><d:getcontentlength/><d:getetag/><oc:size/><oc:id/><oc:fileid/><oc:downloadURL/>' +
  '<oc:dDC/><oc:permissions/><oc:checksums/><oc:share-types/><nc:is-encrypted/><nc:metadata-files-live-photo/><nc:is-mount-root/>'

/** Milliseconds of one PROPFIND with Depth 1, read to its end. */
export function propfind(peer: Peer, path: string, properties: string): Promise<number> {
  const body = `<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns"><d:prop>${properties}</d:prop></d:propfind>`
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const headers = {
      Depth: '1',
      'Content-Type': 'application/xml',
      'Content-Length': body.length,
      ...signed(peer),
    }
    const sent = request(peer.url + path, { method: 'PROPFIND', headers }, answer => {
      if (answer.statusCode !== 207)
        reject(new Error(`${peer.name} answered PROPFIND with ${answer.statusCode}`))
      answer.resume().once('end', () => resolve(performance.now() - startedAt))
    })
    sent.once('error', reject).end(body)
  })
}

function signed(peer: Peer): Record<string, string> {
  return peer.authorization === undefined ? {} : { Authorization: peer.authorization }
}

/** Requests a second over `connections` kept-alive connections. */
export async function rate(
  peer: Peer,
  options: { method: string; count: number; connections: number; body?: Buffer; path(index: number): string },
): Promise<number> {
  const startedAt = performance.now()
  let next = 0
  const worker = async () => {
    const line = await openLine(peer)
    try {
      while (next < options.count) await line.send(options.method, options.path(next++), options.body)
    } finally {
      line.close()
    }
  }
  await Promise.all(Array.from({ length: options.connections }, worker))
  return options.count / ((performance.now() - startedAt) / 1000)
}

/** A connection that costs the measuring process as little as possible. */
export async function openLine(peer: Peer) {
  const { hostname, port, pathname, host } = new URL(peer.url)
  const dial = async () => {
    const fresh = connect(Number(port), hostname).setNoDelay(true)
    await new Promise((resolve, reject) => fresh.once('connect', resolve).once('error', reject))
    return fresh
  }
  let socket: Socket = await dial()
  const auth = peer.authorization === undefined ? '' : `Authorization: ${peer.authorization}\r\n`

  async function send(method: string, path: string, body?: Buffer): Promise<void> {
    const length = body ? `Content-Length: ${body.length}\r\n` : ''
    const head = Buffer.from(`${method} ${pathname}${path} HTTP/1.1\r\nHost: ${host}\r\n${auth}${length}\r\n`)
    const message = body ? Buffer.concat([head, body]) : head
    for (let attempt = 1; ; attempt += 1) {
      const answered = readAnswer(socket, peer.name)
      socket.write(message)
      try {
        return await answered
      } catch (error) {
        // A server may end a connection between two requests (RFC 9112, 9.5); Apache does when many are open.
        if (!(error instanceof ClosedEarly) || attempt === 3) throw error
        socket = await dial()
      }
    }
  }
  return { send, close: () => socket.destroy() }
}

class ClosedEarly extends Error {}

function readAnswer(socket: Socket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0
    let wanted = -1
    let head = ''
    const ended = () => finish(new ClosedEarly(`${name} closed a connection before it answered`))
    const lost = ({ message }: Error) => finish(new ClosedEarly(`${name}: ${message}`))
    const finish = (error?: Error) => {
      socket.off('data', take).off('error', lost).off('close', ended)
      if (error) reject(error)
      else resolve()
    }
    const take = (chunk: Buffer) => {
      seen += chunk.length
      if (wanted < 0) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!/^HTTP\/1\.1 2/.test(head)) return finish(new Error(`${name}: ${head.slice(0, 60)}`))
        wanted = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      }
      if (seen >= wanted) finish()
    }
    socket.on('data', take).once('error', lost).once('close', ended)
  })
}

/** MB/s by curl, a client that costs little. */
export async function transfer(
  peer: Peer,
  direction: 'get' | 'put',
  path: string,
  file?: string,
): Promise<number> {
  const way =
    direction === 'get' ? ['-o', '/dev/null'] : ['-o', '/dev/null', '-T', String(file), '-H', 'Expect:']
  const auth = peer.authorization === undefined ? [] : ['-H', `Authorization: ${peer.authorization}`]
  const { stdout } = await run('curl', [
    '-sS',
    '-f',
    '-w',
    `%{speed_${direction === 'get' ? 'download' : 'upload'}}`,
    ...auth,
    ...way,
    peer.url + path,
  ])
  return Number(stdout) / 1e6
}

/** Resident memory in MB: now, and the most that was seen until it is asked for. */
export function watchMemory(peer: Peer) {
  const now = () => peer.pids().reduce((sum, pid) => sum + residentOf(pid), 0)
  const before = now()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, now())
  }, 50)
  return {
    end() {
      clearInterval(timer)
      return { before, most: Math.max(most, now()), after: now() }
    },
  }
}

function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // It ended meanwhile.
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** All below a process. */
export function descendants(pid: number): number[] {
  let children: number[] = []
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
  return [pid, ...children.flatMap(descendants)]
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise(resolve => child.once('exit', resolve))
}
