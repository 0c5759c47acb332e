import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { AppliedSetting } from '../schema/index.ts'
import type { TuningStore } from '../store.ts'

/** The name of each setting that was taken, and its value. */
export type Taken = Readonly<Record<string, string>>

export interface Taking {
  taken(): Promise<Taken>
  applied(): Promise<AppliedSetting[]>
  /** Takes all of them or none: where a listener fails, it is told again of what was taken before. */
  apply(settings: readonly { name: string; value: string; found: string | null }[]): Promise<void>
  /** Gives settings back to whoever has them; `null` means all. */
  revert(names: readonly string[] | null): Promise<string[]>
  onTaken(listener: () => Promise<void>): void
  /** Another process may have taken something: then this one's listeners hear of it too. */
  lookAgain(): Promise<void>
}

interface TakingDeps {
  store: TuningStore
  events: Pick<Events, 'publish'>
  clock: Clock
  log: Log
}

/** Settings that parts of Cairn take up themselves. */
export function createTaking({ store, events, clock, log }: TakingDeps): Taking {
  const listeners: (() => Promise<void>)[] = []
  let heard: string | undefined

  const takenNow = async () =>
    Object.fromEntries((await store.taken()).map(({ setting, value }) => [setting, value]))

  async function tell() {
    heard = JSON.stringify(await takenNow())
    for (const listener of listeners) await listener()
  }

  /** Who cannot do without a setting now does so when it is told again, or starts. */
  async function tellOrLog() {
    try {
      await tell()
    } catch (error) {
      log.error('settings could not be given back', { error })
    }
  }

  /** The other processes, which look again: they need not wait until it was watched. */
  const tellOthers = () => events.publish('tuning/changed', {})

  return {
    taken: takenNow,
    async applied() {
      return (await store.taken()).map(({ setting, value, found }) => ({
        name: setting,
        found,
        value,
        isSet: true,
      }))
    },
    async apply(settings) {
      const names = settings.map(({ name }) => name)
      const before = (await store.taken()).filter(({ setting }) => names.includes(setting))
      const rows = settings.map(({ name, value, found }) => ({
        setting: name,
        value,
        found: before.find(({ setting }) => setting === name)?.found ?? found,
        takenAt: clock.now(),
      }))
      await store.take(names, rows)
      try {
        await tell()
      } catch (error) {
        await store.take(names, before)
        await tellOrLog()
        throw error instanceof Failure ? notTaken(error) : error
      }
      tellOthers()
    },
    async revert(names) {
      const there = (await store.taken()).map(({ setting }) => setting)
      const wanted = there.filter(name => names?.includes(name) ?? true)
      if (wanted.length === 0) return []
      await store.take(wanted, [])
      // Before the start nobody has heard of it: each asks when it starts itself.
      if (heard !== undefined) await tellOrLog()
      tellOthers()
      return wanted
    },
    onTaken: listener => void listeners.push(listener),
    async lookAgain() {
      const now = JSON.stringify(await takenNow())
      if (heard !== undefined && now !== heard) await tell()
      heard = now
    },
  }
}

function notTaken(error: Failure): Failure {
  const { code, message } = failureRecord(error)
  const text = `${message} The settings of this group are as they were.`
  return new Failure(error.kind, 'tuning/not-applied', text, {
    details: { reason: code, problems: [] },
    cause: error,
  })
}
