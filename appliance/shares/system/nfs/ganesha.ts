import { globSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createDaemon, type DaemonState } from '../../../lib/daemon.ts'
import { errnoOf } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { Command } from '../../../lib/run.ts'
import { serviceUid } from '../../../lib/service-account.ts'
import { exportAtLine, type GaneshaPlaces, renderGaneshaConf } from '../../render/ganesha-conf.ts'
import type { ServedExport } from '../../render/served-export.ts'
import type { NfsStatus } from '../../schema.ts'
import { writeIfChanged } from '../places.ts'
import { isAccepting, isFree } from '../ports.ts'
import { endProcesses, processesWith } from '../processes.ts'
import { hasProgram } from '../programs.ts'
import { type NfsEngine, portTaken, refusedAll } from './engine.ts'

export interface GaneshaOptions {
  /** In the run folder: its configuration, its pid. */
  folder: string
  /** Where it remembers its clients; it outlives a restart of the box. */
  recovery: string
  port: number
  mountPort: number | null
  log: Log
}

const startsWithinMs = 8_000
const rereadsWithinMs = 10_000
const lookEveryMs = 20
const program = 'ganesha.nfsd'
const library = '/usr/lib/*/ganesha/libfsalvfs.so'

const reread = /reread_exports .*Reread exports complete/
/** Of an export that it does not serve. */
const refusal = /:CONFIG :CRIT :.*Config [Ff]ile \(.*:(\d+)\):? ?(.*)/
const worthLogging = /:(CRIT|MAJ|FATAL) :/
/** It asks for D-Bus, Kerberos and rpcbind, and goes on without. */
const isUsual = /:(DBUS|TIRPC|NFS CB|DISP) :/

export const ganeshaConfOf = (folder: string) => join(folder, 'ganesha.conf')

/** nfs-ganesha in the foreground, version 4 only: on a port and with files of its own, never the host's NFS server. */
export function createGanesha({ folder, recovery, port, mountPort, log }: GaneshaOptions): NfsEngine {
  const conf = ganeshaConfOf(folder)
  const pidFile = join(folder, 'pid')
  let places: GaneshaPlaces = { port, mountPort, recovery, uid: serviceUid }
  const command: Command = [program, '-F', '-f', conf, '-L', 'STDOUT', '-p', pidFile]
  const daemon = createDaemon({ name: program, command, log, onLine, onState })
  let isStarted = false
  /** Another program has the port. */
  let isTaken = false
  let lines: string[] | undefined
  let onReread: ((isDone: boolean) => void) | undefined
  let last = ''

  function onLine(line: string) {
    lines?.push(line)
    last = line
    if (reread.test(line)) onReread?.(true)
    else if (worthLogging.test(line) && !isUsual.test(line)) log.warn(program, { line: messageOf(line) })
  }

  function onState({ isRunning }: DaemonState) {
    if (isRunning) return void lookAtPort()
    onReread?.(false)
    if (isStarted) log.warn(`${program} said before it ended`, { line: messageOf(last) })
  }

  /** Before it has had the time to take the port itself: who accepts there then is another program. */
  async function lookAtPort() {
    isTaken = !(await isFree(port))
  }

  async function start() {
    await endProcesses(() => processesWith(program, conf))
    await lookAtPort()
    isStarted = true
    daemon.start()
    await untilAccepting()
  }

  async function untilAccepting() {
    const deadline = Date.now() + startsWithinMs
    const isHopeful = () => {
      const { isRunning, restarts } = daemon.state()
      return Date.now() < deadline && (isRunning || restarts < 2) && !(isTaken && restarts > 0)
    }
    while (isHopeful() && (isTaken || !(await isAccepting(port)))) await delay(lookEveryMs)
  }

  /** It reads its exports again; who goes on having access notices nothing. One that does not answer begins anew. */
  async function reload() {
    const pid = daemon.pid()
    if (pid === undefined) return untilAccepting()
    const isRead = await new Promise<boolean>(resolve => {
      const timer = setTimeout(() => resolve(false), rereadsWithinMs)
      onReread = isDone => {
        clearTimeout(timer)
        resolve(isDone)
      }
      tell(pid, 'SIGHUP')
    })
    onReread = undefined
    // What it says of them comes behind the line that it is done.
    if (isRead) return void (await delay(lookEveryMs))
    // Silence is no proof that nobody has access any more.
    tell(pid, 'SIGKILL')
    await delay(lookEveryMs)
    await untilAccepting()
  }

  function tell(pid: number, signal: NodeJS.Signals) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error
      onReread?.(false)
    }
  }

  /** The lines of the configuration that it refuses, with what it says. */
  async function bring(exports: readonly ServedExport[]): Promise<{ line: number; message: string }[]> {
    const hasChanged = await writeIfChanged(conf, renderGaneshaConf(exports, places), 0o600)
    lines = []
    try {
      if (!isStarted) await start()
      else if (hasChanged) await reload()
      return lines.flatMap(text => {
        const [, line, message = ''] = refusal.exec(text) ?? []
        return line === undefined ? [] : [{ line: Number(line), message }]
      })
    } finally {
      lines = undefined
    }
  }

  return {
    name: 'ganesha',
    missing: async () => ganeshaProblem(),
    async prepare() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await mkdir(recovery, { recursive: true, mode: 0o700 })
    },
    async serve(exports, threads) {
      // It reads only its exports again while it runs.
      if (isStarted && threads !== places.threads) await stop()
      places = { ...places, threads }
      const refused = new Map<number, string>()
      for (;;) {
        const rest = exports.filter(({ number }) => !refused.has(number))
        const problems = await bring(rest)
        if (problems.length === 0) return refused
        const text = renderGaneshaConf(rest, places)
        for (const { line, message } of problems) {
          const number = exportAtLine(text, line)
          if (number === undefined) throw refusedAll(message)
          if (!refused.has(number)) refused.set(number, message)
        }
      }
    },
    /** What it serves no more it has closed. */
    letGo: async () => undefined,
    stop,
    async status() {
      const { restarts } = daemon.state()
      if (isStarted && isTaken) return { isRunning: false, restarts, problem: portTaken(port) }
      const isRunning = daemon.state().isRunning && (await isAccepting(port))
      return { isRunning, restarts, problem: null }
    },
  }

  async function stop() {
    isStarted = false
    await daemon.stop()
    await endProcesses(() => processesWith(program, conf))
    for (const file of [conf, pidFile]) await rm(file, { force: true })
  }
}

/** Behind the time, the machine and the thread. */
function messageOf(line: string): string {
  return line.split(' : ').at(-1) ?? line
}

/** Why it cannot be used here, or null. */
function ganeshaProblem(): NfsStatus['problem'] {
  if (process.getuid?.() !== 0)
    return { code: 'shares/nfs-needs-root', message: 'NFS needs Cairn to be started as root.' }
  const isThere = hasProgram(program)
  const hasLibrary = globSync(library).length > 0
  if (isThere && hasLibrary) return null
  const missing = [...(isThere ? [] : ['nfs-ganesha']), ...(hasLibrary ? [] : ['nfs-ganesha-vfs'])]
  const message = `NFS needs programs that are not installed: ${missing.join(', ')}.`
  return { code: 'shares/nfs-not-installed', message }
}
