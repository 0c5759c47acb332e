import test from 'ava'
import { testIf } from '../helpers/needs.ts'
import { startBox } from '../storage/box.ts'
import { poolBehaviour } from './behaviour.ts'

poolBehaviour(
  'folder',
  (title, run) => test(title, run),
  t => startBox(t, { isRoot: false }),
)

poolBehaviour('btrfs', testIf('root', 'btrfs'), async t => {
  const box = await startBox(t)
  await box.createPool('raid1')
  return box
})
