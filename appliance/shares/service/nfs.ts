import { availableParallelism } from 'node:os'
import type { z } from 'zod'
import type { Agent } from '../../agent/client.ts'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { createMemory } from '../../lib/memory.ts'
import { createTurns } from '../../lib/turns.ts'
import type { Settable, Tuning } from '../../tuning/index.ts'
import { planNfs } from '../plan/nfs-clients.ts'
import { nfsIntentOf } from '../plan/nfs-intent.ts'
import { usualGaneshaThreads, usualNfsdThreads } from '../plan/nfs-threads.ts'
import type { NfsIntent, NfsStatus, nfsChange } from '../schema.ts'
import type { Store } from '../store/index.ts'
import type { NfsRecord } from '../store/nfs.ts'
import { applyDecided } from './applying.ts'
import type { Catalog, Kind } from './catalog.ts'

export interface NfsService {
  get(kind: Kind, name: string): Promise<NfsRecord | undefined>
  /** Throws, and leaves everything as it was, where the NFS server does not take it. */
  set(kind: Kind, name: string, change: NfsChanged): Promise<NfsRecord>
  remove(kind: Kind, name: string): Promise<void>
  /** Brings the NFS server in line with what was decided. Never throws: NFS being broken breaks nothing else. */
  apply(): Promise<void>
  /** The same, for who has to know whether it came to pass. */
  applyOrFail(): Promise<void>
  /** Its subvolume is another one by now. */
  renew(name: string): Promise<void>
  /** Whether any of its snapshots are exported. */
  hasSnapshots(kind: Kind, name: string): Promise<boolean>
  status(): Promise<NfsStatus>
  /** How many requests it works on at once by itself, or why that cannot be set. */
  threads(): Promise<Settable>
}

type NfsChanged = z.output<typeof nfsChange>

export interface NfsServiceDeps {
  agent: Agent
  store: Store
  catalog: Pick<Catalog, 'stateOf'>
  tuning: Pick<Tuning, 'taken'>
  log: Log
  /** Who may mount something has changed. */
  changed(name: string): void
}

export function createNfsService({
  agent,
  store,
  catalog,
  tuning,
  log,
  changed,
}: NfsServiceDeps): NfsService {
  const memory = createMemory<NfsStatus['problem']>(null, applyNow)

  async function intent(): Promise<NfsIntent> {
    const [exports, shares, homes, taken] = await Promise.all([
      store.nfs.list(),
      store.shares.list(),
      store.homes.list(),
      tuning.taken(),
    ])
    const isAvailable = (pool: string) => catalog.stateOf(pool).isAvailable
    return nfsIntentOf({ exports, shares, homes, isAvailable, taken })
  }

  async function applyNow(): Promise<NfsStatus['problem']> {
    try {
      await applyDecided(intent, wanted => agent.call('shares/apply-nfs', wanted))
      return null
    } catch (error) {
      log.error('NFS could not be configured', { error })
      return failureRecord(error)
    }
  }

  async function get(kind: Kind, name: string) {
    return (await store.nfs.list()).find(each => each.kind === kind && each.name === name)
  }

  const turns = createTurns()
  /** Two at once would undo each other. */
  const inTurn = <T>(work: () => Promise<T>) => turns('exports', work)

  /** That nobody has access any more is said only once it is so. */
  async function applied() {
    await memory.refresh()
    const problem = memory.value()
    if (problem) throw new Failure('unavailable', 'shares/nfs-not-applied', notApplied(problem.message))
  }

  async function refusalOf(kind: Kind, name: string): Promise<string | undefined> {
    const { failed } = await agent.call('shares/nfs-status', {})
    return failed.find(each => each.isRefused && each.kind === kind && each.name === name)?.message
  }

  async function setNow(kind: Kind, name: string, wish: NfsChanged): Promise<NfsRecord> {
    const { clients, problems } = planNfs(wish)
    if (problems.length > 0) throw wrongClients(problems)
    const { enabled, access, snapshots } = wish
    const before = await get(kind, name)
    await store.nfs.set({ kind, name, isEnabled: enabled, clients, access, hasSnapshots: snapshots })
    await applied()
    const refusal = await refusalOf(kind, name)
    if (refusal !== undefined) {
      if (before) await store.nfs.set(before)
      else await store.nfs.remove({ kind, name })
      await memory.refresh()
      throw new Failure('conflict', 'shares/nfs-refused', `The NFS server does not take it: ${refusal}`)
    }
    const now = await get(kind, name)
    if (!now) throw new Error(`the NFS export of ${name} went while it was set`)
    changed(name)
    return now
  }

  async function status(): Promise<NfsStatus> {
    try {
      const now = await agent.call('shares/nfs-status', {})
      return { ...now, problem: now.problem ?? memory.value() }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { ...unreachable, problem: failureRecord(error) }
    }
  }

  return {
    get,
    set: (kind, name, wish) => inTurn(() => setNow(kind, name, wish)),
    remove: (kind, name) =>
      inTurn(async () => {
        await store.nfs.remove({ kind, name })
        await applied()
        changed(name)
      }),
    apply: memory.refresh,
    async applyOrFail() {
      await memory.refresh()
      const problem = memory.value()
      if (problem) throw new Failure('conflict', problem.code, problem.message)
    },
    async renew(name) {
      await agent.call('shares/renew-nfs', { name })
    },
    hasSnapshots: async (kind, name) => {
      const found = await get(kind, name)
      return (found?.isEnabled && found.hasSnapshots) ?? false
    },
    status,
    async threads() {
      const { problem, engine } = await status()
      if (engine === null) return { value: null, problem: problem?.message ?? nothingExported }
      if (problem) return { value: null, problem: problem.message, by: engine }
      const usual = engine === 'kernel' ? usualNfsdThreads(availableParallelism()) : usualGaneshaThreads
      return { value: String(usual), problem: null, by: engine }
    },
  }
}

const nothingExported = 'Nothing is exported by NFS, so no server runs.'

const unreachable: Omit<NfsStatus, 'problem'> = {
  engine: null,
  isWanted: false,
  isRunning: false,
  restarts: 0,
  unknownNames: [],
  failed: [],
  connected: [],
}

const notApplied = (message: string) =>
  `It is saved, but the NFS server could not be brought in line, and may go on as before: ${message}`

function wrongClients(problems: readonly { field: string; message: string }[]): Failure {
  const fields = Object.fromEntries(problems.map(({ field, message }) => [field, message]))
  const message = problems.map(problem => problem.message).join(' ')
  return new Failure('invalid', 'shares/nfs-clients', message, { details: { fields } })
}
