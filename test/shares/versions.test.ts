import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createFiles } from '../../appliance/files/index.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { testIf } from '../helpers/needs.ts'
import { startWorld } from './world.ts'

const diskTest = testIf('root', 'btrfs')
const alice = { user: 'alice', role: 'admin' } as const
const path = ['shared', 'a.txt']

diskTest('kept versions and snapshots are one list, in which each content stands once', async t => {
  const world = await startWorld(t, { isReal: true })
  await world.users.create({ name: 'alice', password: 'Alice-pass-1', role: 'admin' })
  await world.users.create({ name: 'bob', password: 'Bob-pass-22' })
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'none' })
  await world.shares.setGrants('shared', { users: { alice: 'write' } })
  const { shares, box } = world
  const files = createFiles({ shares, snapshots: shares.snapshots, events: box.events, log: silentLog })
  t.teardown(files.stop)
  const put = (text: string) => files.write(alice, path, Readable.from([Buffer.from(text)]))
  const snapshot = (label?: string) => box.storage.snapshots.create('pool', 'shares', 'shared', label)
  const outside = join(box.poolsDir, 'pool/shares/shared/a.txt')

  await snapshot('before there was any')
  await put('one')
  await snapshot()
  await snapshot()
  await put('two')
  await snapshot()
  // In place, as over the network drive: only the snapshot has what was before.
  await writeFile(outside, 'three')
  const third = await snapshot('third')
  await snapshot()
  await writeFile(outside, 'the fourth')

  const all = await files.versions.list(alice, path)
  const contentOf = async (id: string) => {
    const file = files.versions.open(alice, path, id)
    const bytes = Buffer.alloc(file.entry.size)
    await file.read(bytes, 0)
    file.close()
    return bytes.toString()
  }
  const shown = []
  for (const { id, kind, isCurrent } of all) shown.push([await contentOf(id), isCurrent ? 'current' : kind])
  t.deepEqual(shown, [
    ['the fourth', 'current'],
    ['three', 'snapshot'],
    ['two', 'snapshot'],
    ['one', 'version'],
  ])
  t.true(all.every(({ kind, takenAt }) => (kind === 'snapshot') === (takenAt !== undefined)))

  await files.versions.restore(alice, path, third.id)
  t.is(await contentOf('current'), 'three')
  const [, kept] = await files.versions.list(alice, path)
  t.is(await contentOf(kept?.id ?? ''), 'the fourth')
  await t.throwsAsync(files.versions.list({ user: 'bob', role: 'member' }, path), { message: /no such file/ })
})
