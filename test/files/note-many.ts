import { createJournal } from '../../appliance/files/index.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { createLog } from '../../appliance/lib/log.ts'

/** One process of several that write the journal of a pool: `note-many.ts POOL-FOLDER COUNT NAME`. */
const [path = '', count, name = ''] = process.argv.slice(2)
const none = () => []
const journal = createJournal({
  shares: { volumes: none, volume: () => undefined, home: () => undefined, pastOf: none },
  storage: { mounted: () => ({ path, state: 'healthy' }), names: () => ['pool'] },
  clock: systemClock,
  log: createLog(name),
})
for (let index = 0; index < Number(count); index += 1) {
  journal.note({
    actor: name,
    device: null,
    deviceName: null,
    address: null,
    face: 'rest',
    pool: 'pool',
    volume: `share:${name}`,
    path: [`${index}`],
    what: 'write',
    fileId: index,
    kind: 'file',
    sizeBytes: index,
    etag: null,
  })
  if (index % 50 === 0) await new Promise(resolve => setImmediate(resolve))
}
await journal.stop()
