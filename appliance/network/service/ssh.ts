import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Agent } from '../../agent/client.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { Settings } from '../../system/index.ts'
import { parseSshKey, type SshKeyLine } from '../parse/ssh-key.ts'
import type { SshKey, SshState } from '../schema.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    'network/ssh-changed': Record<string, never>
  }
}

export interface SshDeps {
  agent: Agent
  settings: Pick<Settings, 'get' | 'change'>
  events: Events
  log: Log
}

export interface Ssh {
  /** What was decided is made so again; on the image alone. */
  start(): void
  state(): Promise<SshState>
  set(isOn: boolean): Promise<void>
  /** One line, as it stands in a file `.pub`. */
  add(text: string): Promise<SshKey>
  remove(id: string): Promise<void>
}

const wanted = z.object({ isOn: z.boolean(), keys: z.array(z.string()) })
type Wanted = z.infer<typeof wanted>
const key = 'network/ssh'
const mostKeys = 50

/** Who may come in by ssh, as root and by a key. What is on the boot partition lets in besides. */
export function createSsh({ agent, settings, events, log }: SshDeps): Ssh {
  const wantedOf = (value: unknown): Wanted => wanted.parse(value ?? { isOn: false, keys: [] })
  const now = async () => wantedOf(await settings.get(key))

  async function apply({ isOn, keys }: Wanted) {
    await agent.call('network/apply-ssh', { keys: isOn ? keys : [] })
  }

  /** What cannot be made so is not kept. */
  async function change(next: (before: Wanted) => Wanted) {
    await requireHere()
    const before = await now()
    const after = wantedOf(await settings.change(key, value => next(wantedOf(value))))
    try {
      await apply(after)
    } catch (error) {
      await settings.change(key, () => before)
      throw error
    }
    events.publish('network/ssh-changed', {})
  }

  async function requireHere() {
    if ((await agent.call('network/ssh-facts', {})).isPossible) return
    throw new Failure(
      'unavailable',
      'network/ssh-not-here',
      'This Cairn was not flashed as an image: ssh is the matter of the system that it runs on.',
    )
  }

  async function renew() {
    if ((await agent.call('network/ssh-facts', {})).isPossible) await apply(await now())
  }

  return {
    // Not awaited: sshd takes its time, and nobody waits for it.
    start: () => void renew().catch(error => log.error('ssh is not as it was decided', { error })),
    async state() {
      const { isPossible, isRunning, bootKeys } = await agent.call('network/ssh-facts', {})
      const { isOn, keys } = await now()
      return { isPossible, isOn, isRunning, keys: keys.flatMap(shown), bootKeys: bootKeys.flatMap(shown) }
    },
    set: isOn =>
      change(({ keys }) => {
        if (isOn && keys.length === 0) throw noKey()
        return { isOn, keys }
      }),
    async add(text) {
      const parsed = parseSshKey(text)
      if (typeof parsed === 'string') throw wrongKey(parsed)
      const added = withNumbers(parsed)
      await change(({ isOn, keys }) => {
        if (keys.flatMap(shown).some(({ id }) => id === added.id)) throw alreadyThere()
        if (keys.length >= mostKeys) throw wrongKey(`one too many: there are ${mostKeys} already`)
        return { isOn, keys: [...keys, renderSshKey(parsed)] }
      })
      return added
    },
    remove: id =>
      change(({ isOn, keys }) => {
        const left = keys.filter(line => shown(line)[0]?.id !== id)
        if (left.length === keys.length) throw noSuchKey()
        return { isOn: isOn && left.length > 0, keys: left }
      }),
  }
}

/** What is no key is not shown: a remark in the file on the boot partition, say. */
function shown(line: string): SshKey[] {
  const parsed = parseSshKey(line)
  return typeof parsed === 'string' ? [] : [withNumbers(parsed)]
}

function withNumbers({ type, body, comment }: SshKeyLine): SshKey {
  const digest = createHash('sha256').update(Buffer.from(body, 'base64')).digest()
  // As `ssh-keygen -l` shows it: without the padding.
  const fingerprint = `SHA256:${digest.toString('base64').replace(/=+$/, '')}`
  return { id: digest.toString('base64url'), type, comment, fingerprint }
}

function renderSshKey({ type, body, comment }: SshKeyLine): string {
  return `${type} ${body}${comment === '' ? '' : ` ${comment}`}`
}

function wrongKey(what: string): Failure {
  return new Failure('invalid', 'network/ssh-key', `key: this is ${what}.`, {
    details: { fields: { key: what } },
  })
}

function noKey(): Failure {
  return new Failure(
    'conflict',
    'network/ssh-no-key',
    'Add a public key first: nobody could come in without one.',
  )
}

function alreadyThere(): Failure {
  return new Failure('conflict', 'network/ssh-key-there', 'This key may come in already.')
}

function noSuchKey(): Failure {
  return new Failure('missing', 'network/ssh-no-such-key', 'There is no such key.')
}
