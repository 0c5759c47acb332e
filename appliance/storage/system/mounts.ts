import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../lib/failure.ts'
import { type Mount, parseMountinfo } from '../../lib/mountinfo.ts'
import { run } from '../../lib/run.ts'

/** The uppermost mount at exactly this place. */
export async function mountAt(place: string): Promise<Mount | undefined> {
  return (await mounts()).findLast(mount => mount.place === place)
}

export async function mountsBelow(folder: string): Promise<Mount[]> {
  return (await mounts()).filter(mount => mount.place.startsWith(`${folder}/`))
}

async function mounts(): Promise<Mount[]> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** Tries each set of options in turn. False when none of them works. */
export async function mountFirst(
  device: string,
  place: string,
  attempts: readonly string[],
): Promise<boolean> {
  for (const options of attempts) {
    // 32: mount(8) failed.
    const { code } = await run(['mount', '-t', 'btrfs', '-o', options, device, place], {
      expected: [32],
      timeoutMs: 10 * 60_000,
    })
    if (code === 0) return true
  }
  return false
}

const patienceMs = 5_000

/** Waits for those who have just ended to let go. `busy`: what to do when somebody does not. */
export async function unmountPlace(place: string, busy: 'refuse' | 'leave' | 'detach'): Promise<void> {
  const giveUpAt = Date.now() + (busy === 'leave' ? 0 : patienceMs)
  while (await mountAt(place)) {
    const { code, stderr } = await run(['umount', place], { expected: [32], timeoutMs: 120_000 })
    if (code === 0) continue
    if (Date.now() < giveUpAt) await delay(100)
    else if (busy === 'detach') await run(['umount', '--lazy', place])
    else if (busy === 'leave') return
    else throw new Failure('conflict', 'storage/busy', `${place} is in use: ${stderr.trim()}`)
  }
}
