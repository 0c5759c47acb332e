import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { orIfMissing } from './places.ts'

const sambaProgram = /(^|\/)(smbd|samba-dcerpcd|rpcd_\w+)$/
const lookEveryMs = 25
const killAfterMs = 5_000

/** Ends what Samba runs with this configuration: left by an agent that was killed, or by smbd, whose helpers outlive it. */
export async function endSambaOf(conf: string): Promise<void> {
  const deadline = Date.now() + killAfterMs
  for (let pids = await sambaProcessesOf(conf); pids.length > 0; pids = await sambaProcessesOf(conf)) {
    for (const pid of pids) signal(pid, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL')
    await setTimeout(lookEveryMs)
  }
}

export async function sambaProcessesOf(conf: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const isOurs = await Promise.all(pids.map(pid => isSambaWith(pid, conf)))
  return pids.filter((_, index) => isOurs[index])
}

async function isSambaWith(pid: number, conf: string): Promise<boolean> {
  const line = await orIfMissing(readFile(`/proc/${pid}/cmdline`, 'utf8'), '')
  const [program = '', ...args] = line.split('\0')
  return sambaProgram.test(program) && args.some(arg => arg === conf || arg === `--configfile=${conf}`)
}

function signal(pid: number, name: NodeJS.Signals) {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended by itself since it was listed.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
