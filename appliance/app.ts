import { join } from 'node:path'
import { connectAgent } from './agent/index.ts'
import type { Config } from './config.ts'
import { createDav } from './dav/index.ts'
import {
  createFileIndex,
  createFiles,
  createJournal,
  createOutsideNotes,
  type FileIndex,
  indexDropMark,
  ownCacheBytes,
} from './files/index.ts'
import { createHealth } from './health/index.ts'
import { usualSuites } from './http/ciphers.ts'
import { inviteBody } from './http/continue.ts'
import { type Audience, createEventStreams, type EndsWith, toAdmins, toEverybody } from './http/events.ts'
import { createFaces } from './http/faces.ts'
import { createFronts } from './http/fronts.ts'
import { createMetrics } from './http/metrics.ts'
import type { Actor } from './http/route.ts'
import { createJobs } from './jobs/index.ts'
import { systemClock as clock } from './lib/clock.ts'
import { migrateDatabase, openDatabase } from './lib/database.ts'
import type { Domain } from './lib/domain.ts'
import { createEvents } from './lib/events.ts'
import { createLauncher, type Launcher } from './lib/launcher.ts'
import type { Lifecycle } from './lib/lifecycle.ts'
import type { Log } from './lib/log.ts'
import { authorityPath, createNetwork } from './network/index.ts'
import { createReset } from './reset/index.ts'
import { createSetup } from './setup/index.ts'
import { createShares, type Shares, type Volume } from './shares/index.ts'
import { createStorage, type Pool, type Storage } from './storage/index.ts'
import { createSystem } from './system/index.ts'
import { createTuning, type KnownPool, type Settable, type Tuning } from './tuning/index.ts'
import { createUpdates } from './updates/index.ts'
import { createUsers, requireMoreThanAppPassword } from './users/index.ts'

/** One server process: every domain in its order, and the faces in front of them. */
export async function createApp(config: Config, log: Log): Promise<Lifecycle> {
  const events = createEvents(error => log.error('a listener broke', { error }))
  const database = await openDatabase(config.databasePath)
  const agent = connectAgent({ config, events, log })
  const kit = { config, database, agent, events, log, clock }
  const launcher = createLauncher({ isFixed: config.servers !== null })

  const jobs = createJobs(kit)
  const health = createHealth({ checks: () => domains.flatMap(domain => domain.checks ?? []), log })
  const system = createSystem({ ...kit, httpPort: config.httpPort, smbPort: config.samba.port })
  const network = createNetwork({
    ...kit,
    hostName: system.name,
    https: config.https,
    settings: system.settings,
    requirePassword: requireMoreThanAppPassword,
  })
  const updates = createUpdates({
    ...kit,
    jobs,
    dataDir: config.dataDir,
    databasePath: config.databasePath,
    version: system.version,
    health: health.report,
    settings: system.settings,
    updatesFrom: config.updatesFrom,
    isFirst: config.instance === 0,
  })
  await migrateDatabase(database, system.domain.migrations ?? [], 'some')
  const tuning = createTuning({
    ...kit,
    jobs,
    version: system.version,
    pools: () => poolsToTune(storage),
    parts: async () => ({ ...ownParts(launcher, config), 'nfs.threads': await shares.nfsThreads() }),
    health: health.report,
    automatic: {
      isOnByDefault: config.tuning.isAutomatic,
      isLooking: config.instance === 0,
      circumstances: async () => ({
        isSetUp: await setup.isClaimed(),
        isOnTrial: updates.isOnTrial(),
        restlessPools: (await storage.pools()).filter(isRestless).map(({ name }) => name),
      }),
    },
  })
  const storage = createStorage({ ...kit, jobs, poolsDir: config.poolsDir })
  events.on('storage/changed', () => void tuning.hardwareChanged())
  const users = createUsers(kit)
  const shares = createShares({ ...kit, storage, users, system, tuning })
  const adopt = ({ pool, kind, name }: Volume, paths: readonly (readonly string[])[]) =>
    storage.adopt(pool, kind === 'home' ? 'homes' : 'shares', name, paths)
  const journal = createJournal({ ...kit, shares, storage })
  const index = createFileIndex({
    ...kit,
    changes: storage.changes,
    adopt,
    dropMark: join(config.dataDir, indexDropMark),
    everyVolume: shares.everyVolume,
    onOutside: createOutsideNotes({
      ...kit,
      journal,
      writersOf: shares.writersOf,
      onKnown: (change, actor) => files.history.outside(change, actor ?? undefined),
    }),
  })
  const files = createFiles({
    ...kit,
    shares,
    index,
    journal,
    adopt,
    everyVolume: shares.everyVolume,
    snapshots: shares.snapshots,
  })
  shares.onRestored(restored => void files.noteRestored(restored))
  const dav = createDav({
    ...kit,
    files,
    authenticate: users.authenticate,
    instanceId: await system.instanceId(),
  })
  const setup = createSetup({
    ...kit,
    jobs,
    system,
    storage,
    users,
    shares,
    isPractice: config.practice.count > 0,
  })
  const reset = createReset({ ...kit, storage, system, users })
  const domains: Domain[] = [
    jobs,
    health,
    system,
    network,
    updates,
    tuning,
    storage,
    users,
    shares,
    files,
    dav,
    setup,
    reset,
  ].map(part => part.domain)

  await migrateDatabase(
    database,
    domains.flatMap(domain => domain.migrations ?? []),
  )

  const metrics = createMetrics()
  const streams = createEventStreams(events, audienceOf(shares), isAboutSelf)
  const faces = createFaces({
    routes: [...domains.flatMap(domain => domain.routes ?? []), streams.route],
    guards: {
      authenticate: users.authenticate,
      requireSetup: setup.requireSetup,
      requireChangeable: updates.requireChangeable,
    },
    metrics,
    webRoot: config.webRoot,
    version: system.version,
    isClaimed: setup.isClaimed,
    notReady: async () => [
      ...(agent.isConnected() ? [] : ['the system service']),
      ...(updates.isReady() ? [] : ['a new version that is on trial']),
    ],
    log,
  })
  const http = createFronts({
    port: config.httpPort,
    https: config.https,
    certificates: network.certificates,
    authorityPath,
    claim: setup.claim,
    isPlainAllowed: network.isPlainAllowed,
    isShared: (config.servers ?? 1) > 1 || launcher.problem === null,
    listener(request, response) {
      const isDav = dav.handle(request, response) !== false
      metrics.observe(isDav ? 'webdav' : 'web', request, response)
      if (isDav) return
      inviteBody(request, response)
      faces(request, response)
    },
  })

  const takeUp = takingUp({ tuning, index, http, launcher })
  tuning.onTaken(takeUp)

  const claimLine = async () => {
    const code = await setup.claimCode()
    return `claim code ${code}, or open http://localhost:${config.httpPort}/setup#code=${code}`
  }

  return {
    async start(given) {
      // Whoever waits for a new box sees its page before the agent has been through the disks.
      if (!given && !(await setup.isClaimed())) await http.open()
      await agent.start()
      for (const domain of domains) await domain.start?.()
      if (given && !(await setup.isClaimed())) await setup.applyUnattended(given)
      await http.start()
      // Not awaited: others are started only once this one is ready.
      takeUp().catch(error => log.error('what was tuned could not be taken up', { error }))
      if (config.bootFolder !== null && config.instance === 0)
        setup.attendBoot().catch(error => log.error('the boot partition was not attended to', { error }))
      const lines = config.agent === 'here' ? [withoutRoot] : []
      if (!(await setup.isClaimed())) lines.push(await claimLine())
      return { lines, state: 'ready' }
    },
    async leave(onClosed) {
      streams.stop()
      const left = http.leave()
      onClosed()
      await left
      await jobs.allFinished()
    },
    async stop() {
      streams.stop()
      await http.stop()
      for (const domain of domains.toReversed()) await domain.stop?.()
      await agent.stop()
      await database.destroy()
    },
    isWell: signal => answers(config.httpPort, signal),
  }
}

const withoutRoot =
  'cairn: not root, so one folder is served: no disks, no snapshots, no SMB. As root there are practice disks.'

/** Whether whoever knocks at the door of this box is answered. */
async function answers(port: number, signal: AbortSignal): Promise<boolean> {
  const { ok } = await fetch(`http://127.0.0.1:${port}/health/live`, { signal })
  return ok
}

/** The pools that are there, and what they are made of, as the tuning wants to know them. */
async function poolsToTune(storage: Storage): Promise<KnownPool[]> {
  const [pools, disks] = await Promise.all([storage.pools(), storage.disks()])
  const nameOf = (serial: string) => disks.find(disk => disk.serial === serial)?.path.replace('/dev/', '')
  return pools.flatMap(({ name, disks: members }) => {
    const path = storage.mounted(name)?.path
    if (path === undefined) return []
    return [{ name, path, disks: members.map(({ serial }) => nameOf(serial) ?? 'away') }]
  })
}

/** What the tuning would take for its own doing, and what should not be disturbed. */
function isRestless({ state, isScrubbing, isReplacing }: Pool): boolean {
  return state !== 'healthy' || isScrubbing || isReplacing
}

const ownServers = 1

/** What a server process sets by itself when the tuning says so: how it is without, or why it cannot be set here. */
function ownParts({ problem }: Launcher, { https }: Config): Record<string, Settable> {
  return {
    'servers.count': { value: String(ownServers), problem },
    'sqlite.cache': { value: String(ownCacheBytes), problem: null },
    ...(https ? { 'tls.ciphers': { value: usualSuites.join(','), problem: null } } : {}),
  }
}

interface TakingUp {
  tuning: Tuning
  index: FileIndex
  http: ReturnType<typeof createFronts>
  launcher: Launcher
}

/** Brings those in line with what was taken. */
function takingUp({ tuning, index, http, launcher }: TakingUp) {
  return async () => {
    const taken = await tuning.taken()
    http.setSuites(taken['tls.ciphers']?.split(',') ?? usualSuites)
    index.keepInMemory(Number(taken['sqlite.cache'] ?? ownCacheBytes))
    await launcher.bringCrewTo(Number(taken['servers.count'] ?? ownServers))
  }
}

/** Who hears of what: nobody learns of a folder that they could not list. */
function audienceOf(shares: Shares): Audience {
  const maySee = ({ user }: Actor, kind: 'shares' | 'homes', name: string) =>
    kind === 'homes' ? name === user : shares.volume({ user }, name) !== undefined
  const ofSubvolume = (actor: Actor, { kind, name }: { kind: 'shares' | 'homes'; name: string }) =>
    maySee(actor, kind, name)
  const ofVolume = (actor: Actor, { volume }: { volume: string }) => {
    const [kind, name = ''] = volume.split(/:(.*)/s)
    return maySee(actor, kind === 'home' ? 'homes' : 'shares', name)
  }
  return {
    'storage/changed': toEverybody,
    'jobs/changed': toAdmins,
    'users/changed': toAdmins,
    'shares/changed': toEverybody,
    'system/renamed': toEverybody,
    'network/plain-changed': toAdmins,
    'network/ssh-changed': toAdmins,
    'tuning/changed': toAdmins,
    'updates/changed': toAdmins,
    'storage/snapshots-changed': (actor, data) => actor.role === 'admin' || ofSubvolume(actor, data),
    'storage/subvolume-replaced': ofSubvolume,
    'shares/restored': ofSubvolume,
    'files/changed': ofVolume,
    'files/progress': ({ user }, data) => data.user === user,
    'files/trash-changed': ofVolume,
  }
}

/** The role, the password or a session of the listener itself has changed. */
const isAboutSelf: EndsWith = ({ user }, { name, data }) =>
  (name === 'users/changed' || name === 'users/secrets-changed') && data.user === user
