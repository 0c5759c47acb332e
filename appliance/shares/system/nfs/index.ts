import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../../config.ts'
import { failureRecord } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { isAmong, parseNfsClient } from '../../parse/nfs-client.ts'
import type { ServedExport } from '../../render/served-export.ts'
import type { NfsExport, NfsIntent, NfsStatus } from '../../schema.ts'
import { isFolder, orIfMissing } from '../places.ts'
import { type Bind, createBinds } from './binds.ts'
import type { NfsEngine } from './engine.ts'
import { type Chosen, chooseEngine } from './engines.ts'
import { createGanesha, ganeshaConfOf } from './ganesha.ts'
import { createKernelNfs } from './kernel/index.ts'
import { createNames } from './names.ts'
import { nfsPeers } from './peers.ts'
import { createSnapshotExports, type SnapshotExport } from './snapshots.ts'

export type NfsConfig = Pick<Config, 'runDir' | 'poolsDir' | 'nfs'>

type Served = ServedExport & Bind
/** Before it is mounted. */
type ToServe = Omit<Served, 'isCovered'>

/** What is to be served, and what was wanted by it. */
interface Wanted {
  served: ToServe
  of: NfsExport
}

const folderOf = ({ runDir }: Pick<Config, 'runDir'>) => join(runDir, 'nfs')

/** By which the processes of our NFS server are told from others. */
export const nfsConfOf = (config: Pick<Config, 'runDir'>) => ganeshaConfOf(folderOf(config))

/** What is exported by NFS, whoever serves it. */
export function createNfs({ config, log }: { config: NfsConfig; log: Log }) {
  const { poolsDir } = config
  const folder = folderOf(config)
  const { port, mountPort } = config.nfs
  const root = join(folder, 'root')
  const options = { recovery: config.nfs.folder, port, mountPort, log }
  const kernel = createKernelNfs({ ...options, root })
  const ganesha = createGanesha({ ...options, folder })
  const usable = { auto: [kernel, ganesha], kernel: [kernel], ganesha: [ganesha] }[config.nfs.engine]
  /** Undefined: nothing is wanted. */
  let chosen: Chosen | undefined
  const binds = createBinds(root)
  const resolve = createNames()
  const snapshotsOf = createSnapshotExports(poolsDir)
  /** What is wanted, and what of it is served, or why not. */
  let intent: NfsIntent = { exports: [] }
  let served: Served[] = []
  let failed: NfsStatus['failed'] = []
  let unknownNames: string[] = []
  /** Pools that are being unmounted. */
  const going = new Set<string>()

  const sourceOf = ({ pool, kind, name }: NfsExport) => `${poolsDir}/${pool}/${kind}/${name}`

  async function apply(wanted: NfsIntent) {
    intent = wanted
    if (wanted.exports.length === 0) return leaveAll()
    if (chosen?.problem !== null) chosen = await chooseEngine(usable, log)
    if (chosen?.problem !== null) return
    await serveAll(wanted, chosen.engine)
  }

  async function leaveAll() {
    await chosen?.engine.stop()
    chosen = undefined
    served = []
    failed = []
    unknownNames = []
    await releaseOthers(new Set())
  }

  async function serveAll(wanted: NfsIntent, engine: NfsEngine) {
    const there = await availableOf(wanted)
    const names = await Promise.all(there.map(each => resolve(each.clients)))
    const snapshots = await snapshotsOf(there)
    unknownNames = [...new Set(names.flatMap(each => each.unknownNames))]
    failed = []
    const all = there.flatMap((each, index) =>
      exportsOf(each, names[index]?.clients ?? [], snapshots[index] ?? []),
    )
    await letStaleGo(
      all.map(({ served: one }) => one),
      engine,
    )
    const wantedNow: Served[] = []
    for (const one of all) wantedNow.push(...(await boundNow(one)))
    // Also where nothing is: it may be shown again in a moment, and a start would make everybody wait.
    const refused = await engine.serve(wantedNow, wanted.threads)
    for (const [number, message] of refused) refuse(number, message, all)
    served = wantedNow.filter(({ number }) => !refused.has(number))
    await releaseOthers(new Set(served.map(({ pseudo }) => pseudo)))
  }

  function exportsOf(each: NfsExport, clients: string[], snapshots: SnapshotExport[]): Wanted[] {
    if (clients.length === 0) return []
    const { number, name, access } = each
    const pseudo = `/${name}`
    const own = { number, source: sourceOf(each), path: binds.pathOf(pseudo), pseudo, access, clients }
    const past = snapshots.map(one => ({
      ...one,
      path: binds.pathOf(one.pseudo),
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
  async function boundNow({ served: one, of: each }: Wanted): Promise<Served[]> {
    try {
      if (!(await binds.isBound(one))) await binds.bind(one)
      return [{ ...one, isCovered: await binds.isCovered(one.pseudo) }]
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
      return []
    }
  }

  /** What shows another folder by now than it should is first served no more. */
  async function letStaleGo(wanted: readonly ToServe[], engine: NfsEngine) {
    const stale = new Set<string>()
    for (const one of wanted) {
      const isServed = served.some(({ pseudo }) => pseudo === one.pseudo)
      if (isServed && !(await binds.isBound(one).catch(() => false))) stale.add(one.pseudo)
    }
    if (stale.size === 0) return
    served = served.filter(({ pseudo }) => !stale.has(pseudo))
    await engine.serve(served, intent.threads)
    for (const pseudo of stale) await binds.release(pseudo)
  }

  async function releaseOthers(kept: ReadonlySet<string>) {
    for (const pseudo of await binds.shown()) {
      if (kept.has(pseudo)) continue
      await binds
        .release(pseudo)
        .catch(error => log.warn('an NFS export could not be unmounted', { pseudo, error }))
    }
  }

  /** An export whose folder is not there is left out, whatever was said: its mount point would look empty. */
  async function availableOf({ exports }: NfsIntent): Promise<NfsExport[]> {
    const isThere = await Promise.all(
      exports.map(each => !going.has(each.pool) && isFolder(sourceOf(each)).catch(() => false)),
    )
    return exports.filter((_, index) => isThere[index])
  }

  const connected = () => nfsPeers(port)

  return {
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
      await chosen?.engine.letGo(`${poolsDir}/${pool}`)
    },
    async back(pool: string) {
      going.delete(pool)
      await apply(intent)
    },
    async status(): Promise<NfsStatus> {
      const isWanted = intent.exports.length > 0
      const engine = chosen?.engine.name ?? null
      const about = { engine, isWanted, unknownNames, failed, ...isDown, problem: chosen?.problem ?? null }
      if (!chosen || about.problem) return about
      return { ...about, connected: connected(), ...(await chosen.engine.status()) }
    },
    async stop() {
      for (const engine of [ganesha, kernel]) await engine.stop()
      chosen = undefined
      served = []
      await binds.clear()
      await orIfMissing(rmdir(folder), undefined)
    },
  }
}

const isDown = { isRunning: false, restarts: 0, connected: [] }

function isName(text: string): boolean {
  const client = parseNfsClient(text)
  return typeof client !== 'string' && client.kind === 'name'
}
