import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createDaemon, type Daemon } from '../../../../lib/daemon.ts'
import { failureRecord } from '../../../../lib/failure.ts'
import type { Log } from '../../../../lib/log.ts'
import { parseMountinfo } from '../../../../lib/mountinfo.ts'
import { type Command, run } from '../../../../lib/run.ts'
import { serviceUid } from '../../../../lib/service-account.ts'
import { createTurns } from '../../../../lib/turns.ts'
import { parseExportfs } from '../../../parse/exportfs.ts'
import { usualNfsdThreads } from '../../../plan/nfs-threads.ts'
import {
  type ExportLine,
  exportLines,
  exportsRoot,
  renderExports,
  renderNfsConf,
} from '../../../render/exports.ts'
import type { ServedExport } from '../../../render/served-export.ts'
import type { NfsStatus } from '../../../schema.ts'
import { writeIfChanged } from '../../places.ts'
import { isAccepting } from '../../ports.ts'
import { endProcesses, processesWith } from '../../processes.ts'
import { type NfsEngine, portTaken, refusedAll } from '../engine.ts'
import { createJail } from './jail.ts'
import { createNfsd, hasOpen, type NfsdSettings } from './nfsd.ts'
import { kernelProblem } from './support.ts'

export interface KernelOptions {
  /** What the programs beside the kernel see as their root, with the exports in it. */
  root: string
  /** Where they remember the clients; it outlives a restart of the box. */
  recovery: string
  port: number
  mountPort: number | null
  log: Log
}

const lookEveryMs = 5_000
const readyWithinMs = 5_000
const readyEveryMs = 20
/** Of rpc.mountd, for each client that comes and goes. */
const isUsual = /Version .* starting|client (attached|detached)|Caught signal/

/**
 * The kernel's own NFS server, version 4 without 4.2: rpc.mountd answers it who may have what, nfsdcld remembers its clients.
 * What nfs-utils reads is ours, in a root of its own: never the host's exports.
 */
export function createKernelNfs({ root, recovery, port, mountPort, log }: KernelOptions): NfsEngine {
  const records = join(recovery, 'clients')
  const isVersion3 = mountPort !== null
  const jail = createJail({ root, records, isVersion3 })
  const nfsd = createNfsd(join(root, 'proc/fs/nfsd'))
  const exportsFile = join(root, 'etc/exports.d/cairn.exports')
  /** Where each keeps its state. */
  const places = { 'rpc.mountd': join(root, 'var/lib/nfs'), nfsdcld: join(root, 'var/lib/nfs/nfsdcld') }
  const mountd = daemonOf('rpc.mountd')
  const cld = daemonOf('nfsdcld', '-p', '/run/rpc_pipefs')
  const turns = createTurns()
  const inTurn = <T>(work: () => Promise<T>) => turns('nfsd', work)
  let settings: NfsdSettings | undefined
  /** As the tuning says. */
  let wantedThreads: number | undefined
  let watching: NodeJS.Timeout | undefined
  /** What exportfs has read. */
  let brought: string | undefined
  let restarts = 0
  let problem: NfsStatus['problem'] = null

  function daemonOf(name: keyof typeof places, ...more: string[]): Daemon {
    const onLine = (line: string) => void (isUsual.test(line) || log.warn(name, { line }))
    const command: Command = ['chroot', root, name, '-F', '-s', places[name], ...more]
    return createDaemon({ name, command, log, onLine })
  }

  const isStarted = () => watching !== undefined

  async function start() {
    settings ??= await nfsd.settings()
    cld.start()
    // It waits for the kernel to make the pipe between them, which is when the kernel looks for it.
    await untilListening(cld, 'inotify')
    mountd.start()
    await untilListening(mountd, '/nfsd.fh/channel')
    watching = setInterval(() => void inTurn(look), lookEveryMs).unref()
    await raise()
  }

  /** Of one that is late the kernel does without what it would have said. */
  async function untilListening(daemon: Daemon, name: string) {
    const deadline = Date.now() + readyWithinMs
    while (Date.now() < deadline) {
      const pid = daemon.pid()
      if (pid !== undefined && (await hasOpen(pid, name))) return
      await delay(readyEveryMs)
    }
    log.warn('a part of the NFS server is late', { waitedFor: name })
  }

  async function raise() {
    const isUp = await nfsd.start({ port, threads: threads(), isVersion3 })
    problem = isUp ? null : portTaken(port)
  }

  const threads = () => wantedThreads ?? usualNfsdThreads(availableParallelism())

  /** More or fewer while it serves. Where it has none it was ended, and is started as a whole. */
  async function resize() {
    const now = await nfsd.threads()
    if (now > 0 && now !== threads()) await nfsd.resize(threads())
  }

  /** The port may be free by now. And its threads end when somebody else on the box ends them. */
  async function look() {
    if (!isStarted() || (await nfsd.threads()) > 0) return
    if (problem === null) log.warn("the kernel's NFS server was ended, and is started again")
    restarts += 1
    try {
      await raise()
      if (problem === null) restarts = 0
    } catch (error) {
      problem = failureRecord(error)
    }
  }

  /** Those that it refuses, and why. */
  async function bring(exports: readonly ServedExport[]): Promise<Map<number, string>> {
    const lines = exportLines(exports, { uid: serviceUid })
    const text = renderExports(lines)
    await writeIfChanged(exportsFile, text, 0o600)
    if (text === brought) return new Map()
    brought = undefined
    const { code, stderr } = await run(['chroot', root, 'exportfs', '-r'], { expected: [1] })
    const refused = refusedOf(lines, exports, stderr)
    if (code !== 0 && refused.size === 0) throw refusedAll(stderr.trim())
    if (refused.size === 0) brought = text
    return refused
  }

  async function serve(exports: readonly ServedExport[], threadsNow?: number) {
    wantedThreads = threadsNow
    await writeIfChanged(join(root, 'etc/nfs.conf'), renderNfsConf({ mountPort }), 0o600)
    const refused = new Map<number, string>()
    for (;;) {
      const more = await bring(exports.filter(({ number }) => !refused.has(number)))
      if (more.size === 0) break
      for (const [number, message] of more) refused.set(number, message)
    }
    if (isStarted()) await resize()
    else await start()
    return refused
  }

  async function stop() {
    if (process.getuid?.() !== 0) return
    clearInterval(watching)
    watching = undefined
    if (await jail.isThere()) {
      await nfsd.stop()
      if (settings) await nfsd.putBack(settings)
    }
    for (const daemon of [mountd, cld]) await daemon.stop()
    for (const [name, place] of Object.entries(places)) await endProcesses(() => processesWith(name, place))
    await jail.remove()
    settings = undefined
    brought = undefined
    problem = null
    restarts = 0
  }

  return {
    name: 'kernel',
    missing: async () => (isStarted() ? null : kernelProblem()),
    prepare: () =>
      inTurn(async () => {
        await stop()
        for (const path of [root, records]) await mkdir(path, { recursive: true, mode: 0o700 })
        await jail.make()
      }),
    serve: (exports, wanted) => inTurn(() => serve(exports, wanted)),
    letGo: mount =>
      inTurn(async () => {
        const device = await deviceOf(mount)
        if (isStarted() && device !== undefined) await nfsd.forgetThoseOn(device)
      }),
    stop: () => inTurn(stop),
    async status() {
      const isUp = isStarted() && (await nfsd.threads()) > 0 && mountd.state().isRunning
      const isRunning = isUp && (await isAccepting(port))
      return { isRunning, restarts: Math.max(restarts, mountd.state().restarts), problem }
    },
  }
}

function refusedOf(
  lines: readonly ExportLine[],
  exports: readonly ServedExport[],
  stderr: string,
): Map<number, string> {
  const refused = new Map<number, string>()
  for (const { line, path, message } of parseExportfs(stderr)) {
    const number = line === null ? numberOf(exports, path) : lines[line - 1]?.number
    if (number === undefined) throw refusedAll(message)
    refused.set(number, message)
  }
  return refused
}

function numberOf(exports: readonly ServedExport[], path: string | null): number | undefined {
  const pathsOf = (pseudo: string) => [`${exportsRoot}${pseudo}`, `${exportsRoot}${pseudo}/.cairn`]
  return exports.find(({ pseudo }) => path !== null && pathsOf(pseudo).includes(path))?.number
}

async function deviceOf(mount: string): Promise<string | undefined> {
  const mounts = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return mounts.findLast(({ place }) => place === mount)?.device
}
