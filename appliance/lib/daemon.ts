import { type ChildProcess, spawn } from 'node:child_process'
import type { Log } from './log.ts'
import { type Command, systemPath } from './run.ts'

export interface DaemonSpec {
  name: string
  command: Command
  env?: Record<string, string>
  log: Log
  /** Each line the program writes. */
  onLine?: (line: string) => void
  /** Every change between running and not; `restarts` counts deaths in a row. */
  onState?: (state: DaemonState) => void
}

export interface DaemonState {
  isRunning: boolean
  restarts: number
  lastExit: string | null
}

export interface Daemon {
  start(): void
  stop(): Promise<void>
  pid(): number | undefined
  state(): DaemonState
}

const firstDelayMs = 250
const longestDelayMs = 30_000
const steadyAfterMs = 10_000
const killAfterMs = 8_000

/** A program in the foreground that is started again when it dies, ever more slowly while it keeps dying. */
export function createDaemon({ name, command, env = {}, log, onLine, onState }: DaemonSpec): Daemon {
  let child: ChildProcess | undefined
  let retry: NodeJS.Timeout | undefined
  let isStopping = false
  let restarts = 0
  let lastExit: string | null = null

  const state = (): DaemonState => ({ isRunning: child !== undefined, restarts, lastExit })

  function launch() {
    const [program, ...args] = command
    const startedAt = Date.now()
    const process = spawn(program, args, {
      env: { PATH: systemPath, LC_ALL: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = process
    for (const stream of [process.stdout, process.stderr]) forEachLine(stream, line => onLine?.(line))
    process.once('error', error => log.error(`${name} cannot be started`, { error }))
    process.once('close', (code, signal) => {
      child = undefined
      lastExit = signal ?? `exit code ${code}`
      if (!isStopping) again(Date.now() - startedAt)
      onState?.(state())
    })
    onState?.(state())
  }

  function again(livedMs: number) {
    restarts = livedMs > steadyAfterMs ? 1 : restarts + 1
    const delayMs = Math.min(firstDelayMs * 2 ** (restarts - 1), longestDelayMs)
    log.warn(`${name} ended and is started again`, { lastExit, restarts, delayMs })
    retry = setTimeout(launch, delayMs)
  }

  return {
    start() {
      isStopping = false
      if (!child) launch()
    },
    async stop() {
      isStopping = true
      clearTimeout(retry)
      if (child) await endProcess(child)
    },
    pid: () => child?.pid,
    state,
  }
}

async function endProcess(child: ChildProcess) {
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  await closed
  clearTimeout(force)
}

function forEachLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void) {
  let rest = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-4096)
    for (const line of lines) onLine(line)
  })
}
