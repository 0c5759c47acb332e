import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { orIfMissing } from './places.ts'

const sambaProgram = /(^|\/)(smbd|samba-dcerpcd|rpcd_\w+)$/
const lookEveryMs = 25
const killAfterMs = 5_000

/** Ends what Samba runs with this configuration: left by an agent that was killed, or by smbd, whose helpers outlive it. */
export function endSambaOf(conf: string): Promise<void> {
  return endProcesses(() => sambaProcessesOf(conf))
}

/** Asks them to end, again and again, and then makes them. */
export async function endProcesses(find: () => Promise<number[]>): Promise<void> {
  const deadline = Date.now() + killAfterMs
  for (let pids = await find(); pids.length > 0; pids = await find()) {
    for (const pid of pids) signal(pid, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL')
    await setTimeout(lookEveryMs)
  }
}

export function sambaProcessesOf(conf: string): Promise<number[]> {
  return processesLike(
    ([program = '', ...args]) =>
      sambaProgram.test(program) && args.some(arg => arg === conf || arg === `--configfile=${conf}`),
  )
}

/** Those of this program that have this argument. */
export function processesWith(program: string, argument: string): Promise<number[]> {
  return processesLike(([first = '', ...args]) => basename(first) === program && args.includes(argument))
}

async function processesLike(isWanted: (command: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const lines = await Promise.all(pids.map(pid => orIfMissing(readFile(`/proc/${pid}/cmdline`, 'utf8'), '')))
  return pids.filter((_, index) => isWanted((lines[index] ?? '').split('\0')))
}

function signal(pid: number, name: NodeJS.Signals) {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended by itself since it was listed.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
