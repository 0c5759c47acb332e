import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../../config.ts'
import { failureRecord } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { isAmong, parseNfsClient } from '../../parse/nfs-client.ts'
import type { ServedExport } from '../../render/ganesha-conf.ts'
import type { NfsExport, NfsIntent, NfsStatus } from '../../schema.ts'
import { isFolder, orIfMissing } from '../places.ts'
import { type Bind, createBinds } from './binds.ts'
import { createGanesha, ganeshaConfOf } from './ganesha.ts'
import { createNames } from './names.ts'
import { nfsPeers } from './peers.ts'
import { createSnapshotExports, type SnapshotExport } from './snapshots.ts'

export type NfsConfig = Pick<Config, 'runDir' | 'poolsDir' | 'nfs'>

/** What is to be served, and what was wanted by it. */
interface Wanted {
  served: ServedExport & Bind
  of: NfsExport
}

const folderOf = ({ runDir }: Pick<Config, 'runDir'>) => join(runDir, 'nfs')

/** By which the processes of our NFS server are told from others. */
export const nfsConfOf = (config: Pick<Config, 'runDir'>) => ganeshaConfOf(folderOf(config))

/** What is exported by NFS, whoever serves it. */
export function createNfs({ config, log }: { config: NfsConfig; log: Log }) {
  const { poolsDir } = config
  const folder = folderOf(config)
  const engine = createGanesha({
    folder,
    recovery: config.nfs.folder,
    port: config.nfs.port,
    mountPort: config.nfs.mountPort,
    log,
  })
  const binds = createBinds(folder)
  const resolve = createNames()
  const snapshotsOf = createSnapshotExports(poolsDir)
  /** What is wanted, and what of it is served, or why not. */
  let intent: NfsIntent = { exports: [] }
  let served: (ServedExport & Bind)[] = []
  let failed: NfsStatus['failed'] = []
  let unknownNames: string[] = []
  /** Pools that are being unmounted. */
  const going = new Set<string>()

  const sourceOf = ({ pool, kind, name }: NfsExport) => `${poolsDir}/${pool}/${kind}/${name}`

  async function apply(wanted: NfsIntent) {
    intent = wanted
    if (engine.missing()) return
    const there = await availableOf(wanted)
    const names = await Promise.all(there.map(each => resolve(each.clients)))
    const snapshots = await snapshotsOf(there)
    unknownNames = [...new Set(names.flatMap(each => each.unknownNames))]
    failed = []
    const all = there.flatMap((each, index) =>
      exportsOf(each, names[index]?.clients ?? [], snapshots[index] ?? []),
    )
    await letStaleGo(all.map(({ served: one }) => one))
    const bound: Wanted[] = []
    for (const one of all) if (await isBoundNow(one)) bound.push(one)
    const wantedNow = bound.map(({ served: one }) => one)
    // What was shown a moment ago may be shown again: a start would make everybody wait.
    const isWanted = wanted.exports.length > 0
    const refused = isWanted ? await engine.serve(wantedNow, wanted.threads) : new Map<number, string>()
    if (!isWanted) await engine.stop()
    for (const [number, message] of refused) refuse(number, message, all)
    served = wantedNow.filter(({ number }) => !refused.has(number))
    await releaseOthers(new Set(served.map(({ number }) => number)))
  }

  function exportsOf(each: NfsExport, clients: string[], snapshots: SnapshotExport[]): Wanted[] {
    if (clients.length === 0) return []
    const { number, name, access } = each
    const own = {
      number,
      source: sourceOf(each),
      path: binds.pathOf(number),
      pseudo: `/${name}`,
      access,
      clients,
    }
    const past = snapshots.map(one => ({
      ...one,
      path: binds.pathOf(one.number),
      access: 'read' as const,
      clients,
    }))
    return [own, ...past].map(one => ({ served: one, of: each }))
  }

  function refuse(number: number, message: string, all: readonly Wanted[]) {
    const one = all.find(each => each.served.number === number)?.of
    if (one) failed.push({ kind: one.kind, name: one.name, isRefused: true, message })
  }

  /** One that cannot be shown holds up none of the others. */
  async function isBoundNow({ served: one, of: each }: Wanted): Promise<boolean> {
    try {
      if (!(await binds.isBound(one))) await binds.bind(one)
      return true
    } catch (error) {
      log.warn('a folder cannot be exported by NFS', { source: one.source, error })
      // A snapshot may have gone meanwhile.
      if (one.number === each.number)
        failed.push({
          kind: each.kind,
          name: each.name,
          isRefused: false,
          message: failureRecord(error).message,
        })
      return false
    }
  }

  /** What shows another folder by now than it should is first served no more. */
  async function letStaleGo(wanted: readonly (ServedExport & Bind)[]) {
    const stale = new Set<number>()
    for (const one of wanted) {
      const isServed = served.some(({ number }) => number === one.number)
      if (isServed && !(await binds.isBound(one).catch(() => false))) stale.add(one.number)
    }
    if (stale.size === 0) return
    served = served.filter(({ number }) => !stale.has(number))
    await engine.serve(served, intent.threads)
    for (const number of stale) await binds.release(number)
  }

  async function releaseOthers(kept: ReadonlySet<number>) {
    for (const number of await binds.numbers()) {
      if (kept.has(number)) continue
      await binds
        .release(number)
        .catch(error => log.warn('an NFS export could not be unmounted', { number, error }))
    }
  }

  /** An export whose folder is not there is left out, whatever was said: its mount point would look empty. */
  async function availableOf({ exports }: NfsIntent): Promise<NfsExport[]> {
    const isThere = await Promise.all(
      exports.map(each => !going.has(each.pool) && isFolder(sourceOf(each)).catch(() => false)),
    )
    return exports.filter((_, index) => isThere[index])
  }

  const connected = () => nfsPeers(config.nfs.port)

  return {
    missing: engine.missing,
    apply,
    /** Names may move to other addresses: asked again now and then. */
    async askNames() {
      if (intent.exports.some(({ clients }) => clients.some(isName))) await apply(intent)
    },
    /** A share is another subvolume by now. */
    async renew(name: string) {
      if (intent.exports.some(each => each.name === name)) await apply(intent)
    },
    /** Whether somebody who may is connected while something of this pool is exported. */
    isUsed: async (pool: string) => {
      const clients = served
        .filter(({ source }) => source.startsWith(`${poolsDir}/${pool}/`))
        .flatMap(one => one.clients)
      return connected().some(address => isAmong(address, clients))
    },
    /** A pool is to be unmounted: nothing of it is shown until it is `back`. */
    async leave(pool: string) {
      going.add(pool)
      await apply(intent)
    },
    async back(pool: string) {
      going.delete(pool)
      await apply(intent)
    },
    async status(): Promise<NfsStatus> {
      const isWanted = intent.exports.length > 0
      const about = { engine: engine.name, isWanted, unknownNames, failed }
      const problem = engine.missing()
      if (problem) return { ...about, isRunning: false, restarts: 0, problem, connected: [] }
      return { ...about, connected: connected(), ...(await engine.status()) }
    },
    async stop() {
      await engine.stop()
      served = []
      await binds.clear()
      await orIfMissing(rmdir(folder), undefined)
    },
  }
}

function isName(text: string): boolean {
  const client = parseNfsClient(text)
  return typeof client !== 'string' && client.kind === 'name'
}
