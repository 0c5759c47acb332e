import { writeSync } from 'node:fs'
import { startBox } from '../storage/box.ts'

/** Makes a pool up to a stage, says so, and stands still until it is killed: node creating.ts FOLDER STAGE */
const [, , folder = '', stage] = process.argv
const box = await startBox({ teardown: () => undefined }, { folder })
await box.storage.createPool(
  { name: 'pool', profile: 'raid1', disks: await box.serials() },
  { onProgress: ({ message }) => (message === stage ? standStill() : undefined) },
)

function standStill() {
  writeSync(1, 'there')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
