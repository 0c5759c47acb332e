import { proveCoherence } from '../coherence/run.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd', 'smbclient')
const seed = Number(process.env.CAIRN_SEED ?? Date.now() % 1_000_000)
const minutes = Number(process.env.CAIRN_MINUTES ?? 2)

withBtrfs('changed through every face at once, all faces, ids and etags agree with the disk', async t => {
  t.timeout((minutes + 5) * 60_000)
  await proveCoherence(t, { seed, minutes })
})
