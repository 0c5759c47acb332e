import { type Agent, Agent as PlainAgent, request as requestPlainly } from 'node:http'
import { request as requestSecurely, Agent as SecureAgent } from 'node:https'
import { admin, basic, type Cairn } from './cairn.ts'
import type { Random } from './random.ts'
import { contentOf, leastBytes } from './whole-content.ts'

/** What a file should be; etag and id are known once its upload was acknowledged. */
export interface Item {
  number: number
  etag: string | undefined
  id: string | undefined
}

/** Files by their path in the share. */
export type State = ReadonlyMap<string, Item>

interface Step {
  kind: string
  startedAt: number
  acknowledgedAt: number | undefined
  after: State
}

/** A client that does one thing after the other, with names that nobody else uses. */
export interface Worker {
  name: string
  /** All states that a cut between these moments may leave: what was acknowledged, and perhaps what was under way. */
  possible(from: number, to: number): State[]
  /** What it did until then, the last steps first, and whether that was acknowledged. */
  recent(to: number): string[]
  ended: Promise<void>
}

export interface Storm {
  workers: Worker[]
  /** Resolves once so many requests have been acknowledged. */
  acknowledged(count: number): Promise<void>
  /** No new steps; resolves when those under way have ended. Rejects when one failed. */
  stop(): Promise<void>
  /** Resolves when each client has ended, with what went wrong for each where the server has gone away. */
  broken(): Promise<unknown[]>
}

/** Of the share: where the clients work. */
export const stormFolders = ['one', 'two']
let contents = 0
let transfers = 0

/** Many clients at once: uploads of new files and over old ones, in chunks, renames, moves over others, deletions. */
export function startStorm(
  cairn: Pick<Cairn, 'url'>,
  random: Random,
  begin: ReadonlyMap<string, State>,
): Storm {
  const waiting: { count: number; resolve: () => void }[] = []
  const stopping = new AbortController()
  let total = 0
  const onAcknowledged = () => {
    total += 1
    for (const one of waiting) if (total >= one.count) one.resolve()
  }
  const workers = [...begin].map(([name, state]) =>
    startWorker({ cairn, random, name, state, onAcknowledged, stopping: stopping.signal }),
  )
  const all = Promise.all(workers.map(worker => worker.ended))
  return {
    workers,
    acknowledged: count =>
      Promise.race([
        new Promise<void>(resolve => waiting.push({ count, resolve })),
        all.then(() => undefined),
      ]),
    async stop() {
      stopping.abort()
      await all
    },
    async broken() {
      const ends = await Promise.allSettled(workers.map(worker => worker.ended))
      return ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : []))
    },
  }
}

interface WorkerDeps {
  cairn: Pick<Cairn, 'url'>
  random: Random
  name: string
  state: State
  onAcknowledged: () => void
  stopping: AbortSignal
}

function startWorker({ cairn, random, name, state, onAcknowledged, stopping }: WorkerDeps): Worker {
  const agent = agentFor(cairn.url)
  const steps: Step[] = [{ kind: 'begin', startedAt: 0, acknowledgedAt: 0, after: state }]
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: Buffer) =>
    askServer({ url: cairn.url + path, method, headers, body, agent })

  async function perform(kind: string, change: (files: Map<string, Item>) => () => Promise<void>) {
    const files = new Map(steps.at(-1)?.after)
    const send = change(files)
    const step: Step = { kind, startedAt: performance.now(), acknowledgedAt: undefined, after: files }
    steps.push(step)
    await send()
    step.acknowledgedAt = performance.now()
    onAcknowledged()
  }

  const place = () => `${random.pick(stormFolders)}/${name}-${random.below(12)}`
  const newItem = (): Item => ({ number: contents++, etag: undefined, id: undefined })
  const taken = (files: ReadonlyMap<string, Item>) => {
    const paths = [...files.keys()]
    return paths.length > 0 ? random.pick(paths) : undefined
  }
  /** From those that Btrfs keeps beside the inode to those that take a while to reach the disk. */
  const size = () => leastBytes + random.below(random.pick([500, 4096, 4096, 20_000, 200_000, 1_000_000]))

  const put = () =>
    perform('put', files => {
      const [path, item] = [place(), newItem()]
      files.set(path, item)
      const body = contentOf(item.number, size())
      return async () => learn(item, await ask('PUT', fileAt(path), {}, body))
    })

  const upload = () =>
    perform('chunked upload', files => {
      const [path, item] = [place(), newItem()]
      files.set(path, item)
      const body = contentOf(item.number, size())
      const transfer = `/dav/uploads/${admin.name}/storm-${transfers++}`
      const about = { destination: fileAt(path), 'oc-total-length': String(body.length) }
      const middle = Math.ceil(body.length / 2)
      return async () => {
        await ask('MKCOL', transfer, about)
        for (const [chunk, start, end] of [
          ['1', 0, middle],
          ['2', middle, body.length],
        ] as const)
          await ask(
            'PUT',
            `${transfer}/${chunk}`,
            { ...about, 'oc-chunk-offset': String(start) },
            body.subarray(start, end),
          )
        learn(item, await ask('MOVE', `${transfer}/.file`, about))
      }
    })

  const move = () =>
    perform('move', files => {
      const [from, to] = [taken(files), place()]
      const item = from === undefined ? undefined : files.get(from)
      if (from === undefined || !item || from === to) return async () => undefined
      files.delete(from)
      files.set(to, item)
      return async () => void (await ask('MOVE', fileAt(from), { destination: fileAt(to) }))
    })

  const remove = () =>
    perform('delete', files => {
      const path = taken(files)
      if (path === undefined) return async () => undefined
      files.delete(path)
      return async () => void (await ask('DELETE', fileAt(path)))
    })

  async function work() {
    try {
      while (!stopping.aborted) await random.pick([put, put, put, put, upload, move, move, remove])()
    } finally {
      agent.destroy()
    }
  }

  const ended = work()
  return {
    name,
    ended,
    recent: to =>
      steps
        .flatMap(({ kind, startedAt, acknowledgedAt, after }, index) => {
          const before: State = steps[index - 1]?.after ?? new Map()
          const paths = [...new Set([...before.keys(), ...after.keys()])]
          const changed = paths.filter(path => before.get(path) !== after.get(path))
          const numbers = changed.map(
            path => `${path} ${before.get(path)?.number} -> ${after.get(path)?.number}`,
          )
          const ended = acknowledgedAt === undefined ? 'never' : `${Math.round(acknowledgedAt - to)} ms`
          return startedAt < to
            ? [`${kind} ${numbers.join(', ')}; ${Math.round(startedAt - to)} ms, acknowledged ${ended}`]
            : []
        })
        .slice(-12)
        .reverse(),
    possible(from, to) {
      const first = steps.findLastIndex(({ acknowledgedAt }) => (acknowledgedAt ?? to) < from)
      return steps
        .slice(first)
        .flatMap(({ startedAt, after }, index) => (index === 0 || startedAt < to ? [after] : []))
    },
  }
}

function fileAt(path: string): string {
  return `/dav/files/${admin.name}/shared/${path}`
}

function learn(item: Item, headers: Headers) {
  item.etag = headers.get('etag') ?? undefined
  item.id = headers.get('oc-fileid') ?? undefined
}

const isSecure = (url: string) => url.startsWith('https:')

/** One connection for each client. */
function agentFor(url: string): Agent {
  const options = { keepAlive: true, maxSockets: 1 }
  return isSecure(url) ? new SecureAgent(options) : new PlainAgent(options)
}

interface Asked {
  url: string
  method: string
  headers: Record<string, string>
  body: Buffer | undefined
  agent: Agent
}

/** Rejects unless it is acknowledged. */
export function askServer({ url, method, headers, body, agent }: Asked): Promise<Headers> {
  return new Promise((resolve, reject) => {
    const length = body ? { 'content-length': String(body.length) } : {}
    const request = isSecure(url) ? requestSecurely : requestPlainly
    const sent = request(
      url,
      { method, agent, headers: { authorization: basic(admin), ...length, ...headers } },
      response => {
        response.resume().once('error', reject)
        response.once('end', () => {
          const { statusCode = 0 } = response
          if (statusCode >= 300) return reject(new Error(`${method} ${url}: ${statusCode}`))
          resolve(new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)])))
        })
      },
    )
    sent.once('error', reject).end(body)
  })
}
