import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { createDaemon, type DaemonState } from '../../lib/daemon.ts'
import type { Log } from '../../lib/log.ts'
import { type Command, type RunResult, run } from '../../lib/run.ts'
import type { SmbStatus } from '../schema.ts'
import type { Places } from './places.ts'
import { isAccepting, isFree } from './ports.ts'
import { endSambaOf } from './processes.ts'
import { accountsEnv } from './programs.ts'

export interface Smbd {
  isStarted(): boolean
  /** Returns when it accepts connections, or cannot for a while. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Returns when smbd has read its configuration again; nobody is cut. */
  reload(): Promise<void>
  tool(command: Command): Promise<RunResult>
  /** A message to one smbd process; one that has ended needs none. */
  tell(pid: number, ...message: string[]): Promise<void>
  status(): Promise<SmbStatus>
}

const acceptsWithinMs = 5_000
// On a slow machine that has much else to do.
const startsWithinMs = 3 * 60_000
// Less than the half minute that a program is given.
const answersWithinSeconds = 25

/** Our own smbd in the foreground, on a port and with folders of its own: never the host's. */
export function createSmbd({ places, log }: { places: Places; log: Log }): Smbd {
  const env = accountsEnv(places)
  // In a process group of its own (no --no-process-group): when it ends, smbd signals its whole group.
  const command: Command = ['smbd', '-F', '-s', places.conf, '-l', `${places.folder}/log`]
  const onLine = (line: string) => log.warn('smbd', { line })
  const onState = ({ isRunning }: DaemonState) => {
    if (isRunning) void endIfHalf()
  }
  const daemon = createDaemon({ name: 'smbd', command, env, log, onLine, onState })
  let isStarted = false

  const acceptsByIpv4 = () => isAccepting(places.port)
  const acceptsByEither = async () => (await isAccepting(places.port)) || isAccepting(places.port, '::1')

  /**
   * Where one of its two sockets could not be had, smbd goes on with the other: then it is to try again. With neither it is
   * still starting; where it can have none it ends by itself.
   */
  async function endIfHalf() {
    const pid = daemon.pid()
    if (pid === undefined) return
    const isHopeful = () => isStarted && daemon.pid() === pid
    await until(acceptsByEither, { withinMs: startsWithinMs, everyMs: 500, isHopeful })
    await until(acceptsByIpv4, { withinMs: acceptsWithinMs, isHopeful })
    if (isHopeful() && !(await acceptsByIpv4())) process.kill(pid, 'SIGTERM')
  }

  const tool = ([program, ...args]: Command) => run([program, '-s', places.conf, ...args], { env })

  async function tell(pid: number, ...message: string[]) {
    try {
      await tool(['smbcontrol', '--timeout', String(answersWithinSeconds), String(pid), ...message])
    } catch (error) {
      if (existsSync(`/proc/${pid}`)) throw error
    }
  }

  return {
    isStarted: () => isStarted,
    async start() {
      await endSambaOf(places.conf)
      isStarted = true
      daemon.start()
      await until(acceptsByIpv4, {
        withinMs: acceptsWithinMs,
        isHopeful: () => daemon.state().restarts === 0,
      })
    },
    async stop() {
      isStarted = false
      await daemon.stop()
      await endSambaOf(places.conf)
    },
    async reload() {
      const pid = daemon.pid()
      if (pid === undefined) return
      // As long as it starts it hears no messages.
      await until(acceptsByIpv4, { withinMs: startsWithinMs, isHopeful: () => daemon.pid() === pid })
      await tell(pid, 'reload-config')
      // Messages are handled in order: once it answers, it has read the configuration.
      await tell(pid, 'ping')
    },
    tool,
    tell,
    async status() {
      const { isRunning, restarts } = daemon.state()
      const isDown = isStarted && (!isRunning || restarts > 0)
      const problem =
        isDown && !(isRunning && (await isAccepting(places.port))) ? await whyNot(places.port) : null
      return { isRunning, restarts, problem }
    },
  }
}

interface Patience {
  withinMs: number
  everyMs?: number
  isHopeful(): boolean
}

async function until(isTrue: () => Promise<boolean>, { withinMs, everyMs = 20, isHopeful }: Patience) {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline && isHopeful() && !(await isTrue())) await setTimeout(everyMs)
}

/** The one reason that can be told from outside; otherwise it is being started again. */
async function whyNot(port: number): Promise<SmbStatus['problem']> {
  if (await isFree(port)) return null
  const message = `smbd cannot be started: port ${port} is in use by another program.`
  return { code: 'shares/smb-port-taken', message }
}
