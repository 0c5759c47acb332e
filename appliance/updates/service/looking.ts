import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Agent } from '../../agent/client.ts'
import type { Clock } from '../../lib/clock.ts'
import { writeDurably } from '../../lib/durable.ts'
import type { Events } from '../../lib/events.ts'
import { errnoOf, Failure, failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { bundleAt, parseRelease } from '../parse/release.ts'
import { descriptionAt } from '../plan/addresses.ts'
import { isFailingLong, nextLook } from '../plan/looks.ts'
import { compareVersions, notHere } from '../plan/versions.ts'
import { problem, type Release, release } from '../schema.ts'
import { type Answered, ask, unreachable } from './asking.ts'
import { readKept } from './kept.ts'
import type { Sources } from './sources.ts'

/** How the last look went. It is no decision, and so not among the settings: those go back with a version. */
const look = z.object({
  /** What was named, and the description that is there. */
  source: z.string(),
  address: z.string(),
  lookedAt: z.number(),
  nextAt: z.number(),
  problem: problem.nullable(),
  failingSince: z.number().nullable(),
  failures: z.number(),
  etag: z.string().nullable(),
  release: release.nullable(),
})
type Look = z.infer<typeof look>

export interface LookingDeps {
  agent: Agent
  events: Events
  clock: Clock
  log: Log
  dataDir: string
  sources: Sources
  /** From 0 to 1, spreads what boxes do over the hours. */
  chance?: () => number
  /** So long a look may take in all. */
  lookWithinMs?: number
}

/** What runs here can be replaced by this. */
export interface Offer {
  version: string
  url: string
  sizeBytes: number
  sha256: string
}

/** A description is some hundred bytes, and notes. */
const mostDescriptionBytes = 256 * 1024
const slowMs = 4 * 60_000

/** Asks where updates come from whether there is a newer one, and keeps what was found out. */
export function createLooking(deps: LookingDeps) {
  const { agent, events, clock, log, dataDir, sources, chance = Math.random, lookWithinMs = 30_000 } = deps
  const folder = join(dataDir, 'updates')
  const file = join(folder, 'look.json')
  const stopping = new AbortController()

  /** Of the place that is in force now: what was found elsewhere says nothing of it. */
  async function last(): Promise<Look | null> {
    const { address } = await sources.inForce()
    const kept = await readKept(file, look)
    return kept !== null && kept.source === address ? kept : null
  }

  /** One look, whatever comes of it: that is kept. */
  async function lookNow(): Promise<void> {
    const { address } = await sources.inForce()
    if (address === null) throw noSource()
    const slots = await agent.call('updates/slots', {}, { timeoutMs: slowMs })
    if (!slots) throw notHere()
    const at = descriptionAt(address, slots.compatible)
    const kept = await readKept(file, look)
    const before = kept?.address === at ? kept : null
    const now = clock.now()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const found = await findOut(at, slots.compatible, before)
    if (stopping.signal.aborted) return
    const nextAt = nextLook(now, chance())
    const after: Look = { ...found, source: address, address: at, lookedAt: now, nextAt }
    await writeDurably(file, JSON.stringify(after))
    events.publish('updates/changed', {})
  }

  async function findOut(at: string, compatible: string, before: Look | null) {
    try {
      return { ...(await described(at, compatible, before)), problem: null, failingSince: null, failures: 0 }
    } catch (error) {
      if (!(error instanceof Failure)) log.error('no look for updates', { error })
      const { code, message } = failureRecord(error)
      return {
        // What was published once is not unpublished by a server that is down.
        etag: before?.etag ?? null,
        release: before?.release ?? null,
        problem: { code, message },
        failingSince: before?.failingSince ?? clock.now(),
        failures: (before?.failures ?? 0) + 1,
      }
    }
  }

  async function described(at: string, compatible: string, before: Look | null) {
    const known = before?.release && before.etag ? { release: before.release, etag: before.etag } : null
    const signal = AbortSignal.any([AbortSignal.timeout(lookWithinMs), stopping.signal])
    try {
      const headers = known ? { 'if-none-match': known.etag } : {}
      const answer = await ask(at, { signal, headers, isGuarded: true, silentMs: lookWithinMs })
      if (answer.status === 304 && known) {
        answer.body.resume()
        return known
      }
      const text = await textOf(answer, at)
      return { release: parseRelease(text, at, compatible), etag: answer.headers.etag ?? null }
    } catch (error) {
      const { hostname } = new URL(at)
      if (signal.aborted) throw unreachable(`${hostname} took too long`, error)
      // In the midst of its answer.
      throw errnoOf(error) === 'ECONNRESET' ? unreachable(`${hostname} broke off`, error) : error
    }
  }

  async function offer(version: string): Promise<Offer | null> {
    const kept = await last()
    if (!kept?.release || compareVersions(kept.release.version, version) <= 0) return null
    const { bundle, version: offered } = kept.release
    const { sizeBytes, sha256 } = bundle
    return { version: offered, url: bundleAt(kept.release, kept.address), sizeBytes, sha256 }
  }

  return {
    now: lookNow,
    offer,
    /** What is under way is given up. */
    stop: () => stopping.abort(),
    /** When the next one was planned, before this process began. */
    plannedAt: async () => (await last())?.nextAt ?? null,
    async isFailingLong(): Promise<{ since: number; message: string } | null> {
      const kept = await last()
      if (!kept?.problem || !kept.failingSince || !isFailingLong(kept, clock.now())) return null
      return { since: kept.failingSince, message: kept.problem.message }
    },
    /** As the page shows it, to who runs this version. */
    async shown(version: string) {
      const kept = await last()
      return {
        lookedAt: asIso(kept?.lookedAt ?? null),
        problem: kept?.problem ?? null,
        failingSince: asIso(kept?.failingSince ?? null),
        found: kept?.release ? shownRelease(kept.release, version) : null,
      }
    },
  }
}

export type Looking = ReturnType<typeof createLooking>

function shownRelease({ version, date, bundle, notes }: Release, running: string) {
  const isNewer = compareVersions(version, running) > 0
  return { version, date, sizeBytes: bundle.sizeBytes, notes, isNewer }
}

async function textOf({ status, body }: Answered, at: string): Promise<string> {
  if (status !== 200) {
    body.destroy()
    throw new Failure('unavailable', 'updates/not-to-be-had', `${at} was answered by ${status}.`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostDescriptionBytes)
      throw new Failure('too-large', 'updates/not-understood', `${at} is too large for a description.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function noSource(): Failure {
  return new Failure(
    'conflict',
    'updates/no-source',
    'No place is known where updates are published. Name one: PUT /api/v1/updates/source.',
  )
}

function asIso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
