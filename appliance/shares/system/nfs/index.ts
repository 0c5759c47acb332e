import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../../config.ts'
import type { Log } from '../../../lib/log.ts'
import { parseNfsClient } from '../../parse/nfs-client.ts'
import type { ServedExport } from '../../render/ganesha-conf.ts'
import type { NfsExport, NfsIntent, NfsStatus } from '../../schema.ts'
import { isFolder, orIfMissing } from '../places.ts'
import { type Bind, createBinds } from './binds.ts'
import { createGanesha, ganeshaConfOf } from './ganesha.ts'
import { resolveClients } from './names.ts'
import { nfsPeers } from './peers.ts'
import { createSnapshotExports, type SnapshotExports } from './snapshots.ts'

export type NfsConfig = Pick<Config, 'runDir' | 'poolsDir' | 'nfs'>

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
  const snapshots: SnapshotExports = createSnapshotExports(poolsDir)
  let intent: NfsIntent = { exports: [] }
  let unknownNames: string[] = []

  const sourceOf = ({ pool, kind, name }: NfsExport) => `${poolsDir}/${pool}/${kind}/${name}`

  async function apply(wanted: NfsIntent, isComingBack = false) {
    const there = await availableOf(wanted)
    const names = await Promise.all(there.map(each => resolveClients(each.clients)))
    const all = there.map((each, index) => ({ each, clients: names[index]?.clients ?? [] }))
    const served: (ServedExport & Bind)[] = []
    for (const { each, clients } of all) {
      const { number, name, access } = each
      if (clients.length === 0) continue
      const path = binds.pathOf(number)
      served.push({ number, source: sourceOf(each), path, pseudo: `/${name}`, access, clients })
      if (!each.hasSnapshots) continue
      for (const one of await snapshots.of(each))
        served.push({ ...one, path: binds.pathOf(one.number), access: 'read', clients })
    }
    for (const each of served) if (!(await binds.isBound(each.number))) await binds.bind(each)
    // Left out for a moment only, it goes on: a start would make everybody wait.
    if (served.length > 0 || wanted.exports.length > 0 || isComingBack) await engine.serve(served)
    else await engine.stop()
    const kept = new Set(served.map(({ number }) => number))
    for (const number of await binds.numbers()) if (!kept.has(number)) await binds.release(number)
    intent = wanted
    unknownNames = [...new Set(names.flatMap(each => each.unknownNames))]
  }

  /** An export whose folder is not there is left out, whatever was said: its mount point would look empty. */
  async function availableOf({ exports }: NfsIntent): Promise<NfsExport[]> {
    const isThere = await Promise.all(exports.map(each => isFolder(sourceOf(each))))
    return exports.filter((_, index) => isThere[index])
  }

  /** Serves everything but these for a moment, and then all again: what they show is another folder now, or goes. */
  async function without(isLeftOut: (each: NfsExport) => boolean, isBack: boolean) {
    const before = intent
    if (!before.exports.some(isLeftOut)) return
    await apply({ exports: before.exports.filter(each => !isLeftOut(each)) }, isBack)
    if (isBack) await apply(before)
  }

  const connected = () => nfsPeers(config.nfs.port)

  return {
    missing: engine.missing,
    apply: (wanted: NfsIntent) => apply(wanted),
    /** Names may move to other addresses: asked again now and then. */
    async askNames() {
      if (intent.exports.some(({ clients }) => clients.some(isName))) await apply(intent)
    },
    /** A share is another subvolume by now. */
    renew: (name: string) => without(each => each.name === name, true),
    isUsed: async (pool: string) => intent.exports.some(each => each.pool === pool) && connected().length > 0,
    /** A pool is to be unmounted. */
    leave: (pool: string) => without(each => each.pool === pool, false),
    async status(): Promise<NfsStatus> {
      const isWanted = intent.exports.length > 0
      const problem = engine.missing()
      if (problem)
        return {
          engine: engine.name,
          isWanted,
          isRunning: false,
          restarts: 0,
          problem,
          unknownNames,
          connected: [],
        }
      return {
        engine: engine.name,
        isWanted,
        unknownNames,
        connected: connected(),
        ...(await engine.status()),
      }
    },
    async stop() {
      await engine.stop()
      await binds.clear()
      await orIfMissing(rmdir(folder), undefined)
    },
  }
}

function isName(text: string): boolean {
  const client = parseNfsClient(text)
  return typeof client !== 'string' && client.kind === 'name'
}

export type Nfs = ReturnType<typeof createNfs>
