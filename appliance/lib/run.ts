import { type ExecaError, execa } from 'execa'
import { Failure } from './failure.ts'

export interface RunOptions {
  /** Given to the program's standard input; secrets go this way, never as an argument. */
  input?: string | Buffer
  timeoutMs?: number
  /** Exit codes that are an answer, not a fault. */
  expected?: readonly number[]
  maxOutputBytes?: number
  env?: Record<string, string>
  cwd?: string
  signal?: AbortSignal
  /** Called with each line of standard output while the program runs. */
  onLine?: (line: string) => void
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
}

export type Command = readonly [program: string, ...args: string[]]

export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a program without a shell, with a fixed PATH and locale, a timeout and a cap on its output. */
export async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = command
  const child = execa(program, args, {
    env: { PATH: systemPath, LC_ALL: 'C.UTF-8', ...options.env },
    extendEnv: false,
    timeout: options.timeoutMs ?? 30_000,
    maxBuffer: options.maxOutputBytes ?? 16 * 1024 * 1024,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  })
  const follow = options.onLine ? readLines(child, options.onLine) : undefined
  try {
    const done = await child
    await follow
    return { code: 0, stdout: done.stdout, stderr: done.stderr }
  } catch (error) {
    const failed = error as ExecaError
    if (failed.exitCode !== undefined && options.expected?.includes(failed.exitCode)) {
      return { code: failed.exitCode, stdout: String(failed.stdout), stderr: String(failed.stderr) }
    }
    throw commandFailure(command, failed, options)
  }
}

async function readLines(child: AsyncIterable<unknown>, onLine: (line: string) => void) {
  for await (const line of child) onLine(String(line))
}

function commandFailure(command: Command, error: ExecaError, options: RunOptions): Failure {
  const details = {
    command: command.join(' '),
    exitCode: error.exitCode ?? null,
    signal: error.signal ?? null,
    stderr: String(error.stderr ?? '').slice(-4000),
  }
  if (error.isCanceled) {
    return new Failure('cancelled', 'run/cancelled', `${command[0]} was cancelled.`, {
      details,
      cause: error,
    })
  }
  if (error.timedOut) {
    const seconds = Math.round((options.timeoutMs ?? 30_000) / 1000)
    return new Failure('internal', 'run/timeout', `${command[0]} did not finish within ${seconds} s.`, {
      details,
      cause: error,
    })
  }
  if (error.code === 'ENOENT') {
    return new Failure('unavailable', 'run/not-installed', `${command[0]} is not installed.`, {
      details,
      cause: error,
    })
  }
  const said = details.stderr.trim().split('\n').at(-1) ?? ''
  return new Failure(
    'internal',
    'run/failed',
    `${command[0]} failed: ${said || `exit code ${details.exitCode}`}`,
    { details, cause: error },
  )
}
