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
const lookEveryMs = 20

/** Our own smbd in the foreground, on a port and with folders of its own: never the host's. */
export function createSmbd({ places, log }: { places: Places; log: Log }): Smbd {
  const env = accountsEnv(places)
  // In a process group of its own (no --no-process-group): when it ends, smbd signals its whole group.
  const command: Command = ['smbd', '-F', '-s', places.conf, '-l', `${places.folder}/log`]
  const onLine = (line: string) => log.warn('smbd', { line })
  const onState = ({ isRunning }: DaemonState) => {
    if (isRunning) void endUnlessAccepting()
  }
  const daemon = createDaemon({ name: 'smbd', command, env, log, onLine, onState })
  let isStarted = false

  /** Where one of its two sockets could not be had, smbd goes on with the other: then it is to try again. */
  async function endUnlessAccepting() {
    const pid = daemon.pid()
    if (pid === undefined) return
    const isSame = () => daemon.pid() === pid
    await untilAccepting(places.port, isSame)
    if (isStarted && isSame() && !(await isAccepting(places.port))) process.kill(pid, 'SIGTERM')
  }

  const tool = ([program, ...args]: Command) => run([program, '-s', places.conf, ...args], { env })

  async function tell(pid: number, ...message: string[]) {
    try {
      await tool(['smbcontrol', String(pid), ...message])
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
      await untilAccepting(places.port, () => daemon.state().restarts === 0)
    },
    async stop() {
      isStarted = false
      await daemon.stop()
      await endSambaOf(places.conf)
    },
    async reload() {
      const pid = daemon.pid()
      if (pid === undefined) return
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

async function untilAccepting(port: number, isHopeful: () => boolean) {
  const deadline = Date.now() + acceptsWithinMs
  while (Date.now() < deadline && isHopeful() && !(await isAccepting(port))) await setTimeout(lookEveryMs)
}

/** The one reason that can be told from outside; otherwise it is being started again. */
async function whyNot(port: number): Promise<SmbStatus['problem']> {
  if (await isFree(port)) return null
  const message = `smbd cannot be started: port ${port} is in use by another program.`
  return { code: 'shares/smb-port-taken', message }
}
