import type { Events } from '../../lib/events.ts'
import type { Log } from '../../lib/log.ts'
import type { Settings } from '../../system/index.ts'
import { whyNotAddress } from '../plan/addresses.ts'
import { type UpdateSource, updateSource } from '../schema.ts'

export interface SourcesDeps {
  settings: Pick<Settings, 'get' | 'set'>
  events: Events
  log: Log
  /** The address that the image came with; empty: none. */
  updatesFrom: string
}

const key = 'updates/source'
const nothingDecided: UpdateSource = { address: null, looksDaily: true, installsAtNight: false }

/** Where updates come from: the place that the image came with, or another one. */
export function createSources({ settings, events, log, updatesFrom }: SourcesDeps) {
  const given = givenBy(updatesFrom, log)
  const decided = async () => updateSource.catch(nothingDecided).parse(await settings.get(key))

  return {
    async inForce() {
      const { address, ...rest } = await decided()
      return { ...rest, address: address ?? given, isOwn: address !== null }
    },
    async decide(source: UpdateSource): Promise<void> {
      await settings.set(key, source)
      events.publish('updates/changed', {})
    },
  }
}

export type Sources = ReturnType<typeof createSources>

/** A box whose image was built with a wrong one has none, and works. */
function givenBy(updatesFrom: string, log: Log): string | null {
  if (updatesFrom === '') return null
  const problem = whyNotAddress(updatesFrom)
  if (problem === null) return updatesFrom
  log.warn('no updates can come from where the image says', { updatesFrom, problem })
  return null
}
