import type { Agent } from '../../agent/client.ts'
import type { Jobs } from '../../jobs/index.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { CallOptions } from '../../lib/operation.ts'
import { confirmationOf, holdsAnything, requireConfirmations } from '../plan/pool.ts'
import type { ReplaceRequest } from '../schema.ts'
import type { StorageStore, StoredPool, StoredReplacement } from '../store.ts'
import { asKnown, type Pools } from './pools.ts'

export interface UpkeepDeps {
  agent: Agent
  store: StorageStore
  events: Events
  jobs: Pick<Jobs, 'start'>
  log: Log
  pools: Pools
}

/** What keeps a pool whole: checking it, replacing disks, taking back those that were away. */
export function createUpkeep({ agent, store, events, jobs, log, pools }: UpkeepDeps) {
  const replacingHere = new Set<string>()

  async function startScrub(name: string, title = `Checking the pool ${name}`): Promise<{ id: string }> {
    const { uuid } = await pools.find(name)
    return jobs.start({
      kind: 'storage/scrub',
      title,
      run: async ({ report, signal }) => {
        const { isClean, uncorrectable } = await agent.call(
          'storage/scrub',
          { name, uuid },
          { onProgress: report, signal },
        )
        if (!isClean) throw notClean(uncorrectable)
      },
    })
  }

  async function startReplace(name: string, request: ReplaceRequest): Promise<{ id: string }> {
    const record = await pools.find(name)
    const replacement = await checkReplace(record, request)
    if (!(await store.beginReplacement(name, replacement)))
      throw new Failure('conflict', 'storage/busy', `A disk of the pool ${name} is being replaced already.`)
    return runReplace(record, replacement)
  }

  async function checkReplace(
    record: StoredPool,
    { from, to, confirm = {} }: ReplaceRequest,
  ): Promise<StoredReplacement> {
    const old = record.disks.find(disk => disk.serial === from)
    if (!old) throw invalid('from', `The pool ${record.name} has no disk ${from}.`)
    const [target] = await pools.choose([to])
    if (!target) throw invalid('to', `There is no disk ${to}.`)
    const replacement = { devid: old.devid, fromSerial: from, toSerial: to, confirm }
    if (from === to && (await isBack(record, old.devid))) return replacement
    if (!target.disk.isOffered)
      throw new Failure(
        'conflict',
        'storage/disk-in-use',
        `${target.disk.model} (${to}) cannot be used. ${target.disk.reason}`,
      )
    if (target.disk.sizeBytes < old.sizeBytes)
      throw invalid('to', 'The new disk is smaller than the old one.')
    if (holdsAnything(target.facts)) requireConfirmations([confirmationOf(target.disk)], confirm)
    return replacement
  }

  /** The pool runs without it, but the disk answers: what it holds is old, and it may be filled anew. */
  async function isBack({ name, uuid, disks }: StoredPool, devid: number): Promise<boolean> {
    const { members } = await agent.call('storage/pool-facts', { name, uuid })
    if (!members.some(member => member.devid === devid && member.isMissing)) return false
    const serial = disks.find(disk => disk.devid === devid)?.serial
    return (await pools.disks()).some(disk => disk.serial === serial && disk.state !== 'away')
  }

  /** A pool that is in use cannot be mounted afresh; a disk that came back to it is filled anew instead. */
  async function takeBack(record: StoredPool) {
    await pools.mount(record)
    for (const { devid, serial } of record.disks) {
      if (await isBack(record, devid)) {
        await startReplace(record.name, { from: serial, to: serial })
        return
      }
    }
  }

  async function runReplace(record: StoredPool, replacement: StoredReplacement): Promise<{ id: string }> {
    replacingHere.add(record.name)
    return jobs.start({
      kind: 'storage/replace',
      title: `Replacing a disk of the pool ${record.name}`,
      run: async context => {
        try {
          await replace(record, replacement, { onProgress: context.report, signal: context.signal })
        } finally {
          replacingHere.delete(record.name)
          events.publish('storage/changed', { pool: record.name })
        }
      },
    })
  }

  /** It stays noted until it has come to an end of its own, so that a restart goes on with it. */
  async function replace(record: StoredPool, replacement: StoredReplacement, options: CallOptions) {
    const { name, uuid, profile } = record
    if (profile === 'folder')
      throw new Failure('unsupported', 'storage/no-disks', 'This pool has no disks of its own.')
    try {
      await agent.call(
        'storage/replace',
        {
          name,
          uuid,
          profile,
          devid: replacement.devid,
          to: replacement.toSerial,
          confirm: replacement.confirm,
          pools: (await pools.ready()).map(asKnown),
        },
        options,
      )
    } catch (error) {
      if (!isInterruption(error)) await settle(record, replacement)
      throw error
    }
    await settle(record, replacement)
  }

  /** Whether the new disk is in is the kernel's to say: also a replacement whose last check failed has happened. */
  async function settle(record: StoredPool, replacement: StoredReplacement) {
    const { members } = await agent.call('storage/pool-facts', { name: record.name, uuid: record.uuid })
    const { disks } = await agent.call('storage/disks', {})
    const target = disks.find(disk => disk.serial === replacement.toSerial)
    const isIn = members.some(({ devid, path }) => devid === replacement.devid && path === target?.path)
    if (isIn && target) {
      await store.replaced(record.name, replacement, target)
      await wipeRetired(await pools.find(record.name))
    }
    await store.endReplacement(record.name)
  }

  async function wipeRetired({ name, uuid, retired }: StoredPool) {
    if (retired.length === 0) return
    const wiped = await agent.call('storage/wipe-retired', { uuid, serials: retired })
    if (wiped.length > 0) await store.forgetRetired(name, wiped)
  }

  /** After every change: old disks that came back are wiped, disks that missed something are brought up to date. */
  async function lookAfter() {
    const before = new Map((await pools.ready()).map(record => [record.name, record]))
    for (const pool of await pools.pools()) {
      const record = before.get(pool.name)
      if (!record) continue
      await wipeRetired(record)
      if (pool.state !== 'healthy' && record.replacement === null) await takeBack(record)
      if (await agent.call('storage/take-heal', { name: pool.name }))
        await startScrub(pool.name, `Bringing a disk of ${pool.name} up to date`)
    }
    await pools.pools()
  }

  async function resume() {
    for (const record of await pools.ready()) {
      if (record.replacement && !replacingHere.has(record.name)) await runReplace(record, record.replacement)
    }
  }

  let looking: Promise<void> | undefined
  let lookAgain = false
  let isStopping = false

  /** Changes come in bunches: one look at a time, and one more for what came meanwhile. */
  function noticed(): Promise<void> {
    lookAgain = !isStopping
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }

  async function look() {
    try {
      while (lookAgain) {
        lookAgain = false
        await lookAfter()
      }
    } catch (error) {
      log.warn('looking after the pools was interrupted', { error })
    }
  }

  async function stop() {
    isStopping = true
    lookAgain = false
    await looking
  }

  return { startScrub, startReplace, noticed, resume, stop }
}

export type Upkeep = ReturnType<typeof createUpkeep>

/** The agent or this server is going away; the work goes on at the next start. */
function isInterruption(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'agent/away' || error.kind === 'cancelled')
}

function invalid(field: string, message: string): Failure {
  return new Failure('invalid', 'storage/replace', message, { details: { fields: { [field]: message } } })
}

function notClean(uncorrectable: number): Failure {
  const message = `The check found ${uncorrectable} blocks that could not be mended.`
  return new Failure('internal', 'storage/scrub-not-clean', message, { details: { uncorrectable } })
}
