import { join } from 'node:path'
import { run } from '../../appliance/lib/run.ts'
import { testIf } from '../helpers/needs.ts'
import { startBox } from '../storage/box.ts'

testIf('root', 'btrfs')(
  'pools that an agent of before took along are said to be back when they are',
  async t => {
    const box = await startBox(t, { disks: 2 })
    t.teardown(() => box.stop())
    await box.createPool('raid1')
    const place = join(box.poolsDir, 'pool')
    const isMounted = async () =>
      (await run(['mountpoint', '--quiet', place], { expected: [1, 32] })).code === 0
    await run(['umount', place])
    t.false(await isMounted())

    const told = new Promise<boolean>(resolve => {
      box.events.on('storage/changed', ({ pool }) => {
        if (pool === null) isMounted().then(resolve)
      })
    })
    box.events.deliver({ name: 'agent/connected', data: { isFirst: false } })
    t.true(await told)
  },
)
