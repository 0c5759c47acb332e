import type { ExecutionContext } from 'ava'
import type { Circumstances } from '../../appliance/tuning/index.ts'
import { people } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { type TuningBox, type TuningBoxOptions, tuningBox } from './box.ts'

const ann = { name: 'ann', password: 'Ann-pass-11' }

/** So long it is quiet before the plan is looked at. */
export const aWhileMs = 60_000

export interface World {
  box: TuningBox
  circumstances: Circumstances
  rest(method: string, path: string, body?: unknown): ReturnType<Awaited<ReturnType<typeof serve>>>
  /** Jobs that began by themselves, with how they stand. */
  begun(): Promise<string[]>
  changed(): void
}

interface WorldOptions extends Pick<TuningBoxOptions, 'parts' | 'from'> {
  isOnByDefault?: boolean
  isLooking?: boolean
}

/** A box that is set up, on which all is well, and that tunes itself unless something else is said. */
export async function worldOf(
  t: ExecutionContext,
  { isOnByDefault = true, isLooking = true, ...left }: WorldOptions = {},
): Promise<World> {
  const circumstances: Circumstances = { isSetUp: true, isOnTrial: false, restlessPools: [] }
  const automatic = { isOnByDefault, isLooking, circumstances: async () => circumstances }
  const box = await tuningBox(t, [], { automatic, ...left })
  const { users } = await people(t)
  await users.create({ ...ann, role: 'admin' })
  const ask = await serve(t, box.tuning.domain.routes ?? [], users.authenticate)
  await box.jobs.domain.start?.()
  await box.tuning.domain.start?.()
  return {
    box,
    circumstances,
    rest: (method, path, body) => ask(method, path, { as: ann, body }),
    async begun() {
      const all = (await box.jobs.list()).filter(({ title }) => title === 'Tuning this box by itself')
      for (const { id } of all) await box.jobs.finished(id)
      return Promise.all(all.map(async ({ id }) => (await box.jobs.get(id)).state))
    },
    changed: () => box.events.publish('storage/changed', { pool: null }),
  }
}
