import { join } from 'node:path'
import { openDatabase } from '../../appliance/lib/database.ts'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import { createTuningStore } from '../../appliance/tuning/store.ts'
import type { Peer } from './load.ts'
import { startInstance } from './peers.ts'

/** A Cairn whose parts have taken these settings up, as if they had been applied and watched. */
export async function startTuned(
  data: string,
  settings: readonly TuningReport['settings'][number][],
): Promise<Peer> {
  await (await startInstance(data)).stop()
  const database = await openDatabase(join(data, 'cairn.db'))
  const rows = settings.map(({ name, from, to }) => ({
    setting: name,
    value: to,
    found: from,
    takenAt: Date.now(),
  }))
  await createTuningStore(database).take(
    settings.map(({ name }) => name),
    rows,
  )
  await database.destroy()
  return startInstance(data)
}
