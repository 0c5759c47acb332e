import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { writeDurably } from '../../lib/durable.ts'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { operation } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'
import { createTurns } from '../../lib/turns.ts'
import { sshKeyLine } from '../schema.ts'

export interface SshSystemDeps {
  /** The boot partition of the image; null: the machine is not Cairn's, and neither is its sshd. */
  bootFolder: string | null
  /** Durable, and read by sshd at each sign-in (sshd_config.d/10-cairn.conf). */
  keyFile?: string
  systemctl?: (...args: string[]) => Promise<{ code: number }>
}

const unit = 'ssh.service'
/** systemctl(1): the unit is not active. */
const inactive = 3
const slowMs = 90_000

/**
 * Who may come in as root. sshd runs while there is a key, by a condition of its unit: so it does at the next start too, whether
 * or not Cairn runs.
 */
export function createSshOperations(deps: SshSystemDeps) {
  const { bootFolder, keyFile = '/data/system/ssh/authorized_keys' } = deps
  const {
    systemctl = (...args) => run(['systemctl', ...args], { timeoutMs: slowMs, expected: [inactive] }),
  } = deps
  const bootFile = join(bootFolder ?? '', 'authorized_keys')
  const inTurn = createTurns()

  async function apply(keys: readonly string[]) {
    if (bootFolder === null)
      throw new Failure('unavailable', 'network/ssh-not-here', 'This is not the image.')
    for (const key of keys) await check(key)
    if (keys.length === 0) await rm(keyFile, { force: true })
    else await replace(keyFile, keys.map(key => `${key}\n`).join(''))
    const isOpen = keys.length > 0 || (await linesOf(bootFile)) !== null
    await systemctl(isOpen ? 'start' : 'stop', unit)
  }

  return {
    'network/ssh-facts': operation({
      input: z.strictObject({}),
      output: z.object({ isPossible: z.boolean(), isRunning: z.boolean(), bootKeys: z.array(z.string()) }),
      isRead: true,
      async run() {
        if (bootFolder === null) return { isPossible: false, isRunning: false, bootKeys: [] }
        const { code } = await systemctl('is-active', '--quiet', unit)
        return { isPossible: true, isRunning: code === 0, bootKeys: (await linesOf(bootFile)) ?? [] }
      },
    }),
    'network/apply-ssh': operation({
      input: z.strictObject({ keys: z.array(sshKeyLine).max(50) }),
      output: z.null(),
      run: ({ keys }) => inTurn('ssh', () => apply(keys)).then(() => null),
    }),
  }
}

/** By the very program that will read it. */
async function check(key: string) {
  try {
    await run(['ssh-keygen', '-l', '-f', '-'], { input: `${key}\n` })
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'run/failed') throw error
    throw new Failure('invalid', 'network/ssh-key', 'key: ssh-keygen does not know it for a public key.', {
      details: { fields: { key: 'no public key' } },
      cause: error,
    })
  }
}

/** Null where there is no such file. */
async function linesOf(path: string): Promise<string[] | null> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter(line => line.trim() !== '')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

async function replace(path: string, text: string) {
  if ((await linesOf(path))?.map(line => `${line}\n`).join('') === text) return
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeDurably(path, text)
}
