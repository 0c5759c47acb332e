import { startBox } from '../storage/box.ts'

/** A process that makes a pool and tells how far it is, to be killed on the way: node creating.ts FOLDER */
const [, , folder = ''] = process.argv
const box = await startBox({ teardown: () => undefined }, { folder })
await box.storage.createPool(
  { name: 'pool', profile: 'raid1', disks: await box.serials() },
  { onProgress: ({ message }) => process.send?.(message) },
)
