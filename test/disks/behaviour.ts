import { readFileSync } from 'node:fs'
import { access, lstat, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Box, startBox } from '../storage/box.ts'

type Declare = (title: string, run: (t: ExecutionContext) => Promise<void>) => void

/** What every kind of pool must do; `open` starts a box that has a pool named `pool`. */
export function poolBehaviour(kind: string, declare: Declare, open: (t: ExecutionContext) => Promise<Box>) {
  const about = (title: string, run: (t: ExecutionContext, box: Box) => Promise<void>) =>
    declare(`${kind}: ${title}`, async t => run(t, await open(t)))

  about('a pool is healthy, mounted, and says how much room it has', async (t, box) => {
    const [pool] = await box.storage.pools()
    t.is(pool?.state, 'healthy')
    t.true((pool?.usableBytes ?? 0) > 0)
    t.true((pool?.freeBytes ?? 0) <= (pool?.usableBytes ?? 0))
    t.deepEqual(box.storage.mounted('pool'), { path: join(box.poolsDir, 'pool'), state: 'healthy' })
    t.is(box.storage.mounted('other'), undefined)
    const manifest = JSON.parse(readFileSync(join(box.poolsDir, 'pool', 'manifest.json'), 'utf8')) as object
    t.like(manifest, { format: 1, name: 'pool' })
  })

  about('a second pool of the same name is refused and leaves the first as it is', async (t, box) => {
    const file = await shareWith(box, 'kept')
    const again = { name: 'pool', profile: 'raid1' as const, disks: await box.serials() }
    if (again.disks.length > 0)
      await t.throwsAsync(box.storage.createPool(again), { code: 'storage/name-taken' })
    // What a server would ask that lost a race for the name.
    await box.agent.call('storage/abandon-pool', { name: 'pool', uuid: crypto.randomUUID() })
    t.is(await readFile(file, 'utf8'), 'kept')
    t.deepEqual(
      (await box.storage.pools()).map(({ name, state }) => [name, state]),
      [['pool', 'healthy']],
    )
  })

  about('a share brings its own folders, once', async (t, box) => {
    await box.storage.createSubvolume('pool', 'shares', 'media')
    for (const name of ['trash', 'versions', 'uploads', 'tmp']) {
      const { mode } = await stat(join(box.poolsDir, 'pool', 'shares', 'media', '.cairn', name))
      t.is(mode & 0o777, 0o700)
    }
    await t.throwsAsync(box.storage.createSubvolume('pool', 'shares', 'media'), { code: 'storage/exists' })
    await t.throwsAsync(box.storage.createSubvolume('nowhere', 'shares', 'media'), {
      code: 'storage/no-pool',
    })
    await t.throwsAsync(box.storage.createSubvolume('pool', 'shares', '../x'), {
      code: 'agent/invalid-input',
    })
  })

  about('a snapshot keeps what was, with its label, and two in one second are two', async (t, box) => {
    const file = await shareWith(box, 'first')
    const one = await box.storage.snapshots.create('pool', 'shares', 'media', 'before')
    await writeFile(file, 'second')
    const two = await box.storage.snapshots.create('pool', 'shares', 'media')
    t.deepEqual(await box.storage.snapshots.list('pool', 'shares', 'media'), [one, two])
    t.is(one.label, 'before')
    t.not(one.id, two.id)
    const at = (id: string) =>
      readFile(join(box.storage.snapshots.path('pool', 'shares', 'media', id), 'a.txt'), 'utf8')
    t.is(await at(one.id), 'first')
    t.is(await at(two.id), 'second')
  })

  about('going back brings the share as it was, and can be undone', async (t, box) => {
    const file = await shareWith(box, 'first')
    const { id } = await box.storage.snapshots.create('pool', 'shares', 'media')
    await writeFile(file, 'second')
    await writeFile(join(file, '..', '.cairn', 'tmp', 'half'), 'half')
    const replaced: unknown[] = []
    box.events.on('storage/subvolume-replaced', event => replaced.push(event))
    const { kept } = await box.storage.snapshots.restoreAll('pool', 'shares', 'media', id)
    t.is(await readFile(file, 'utf8'), 'first')
    await writeFile(join(file, '..', 'new.txt'), 'still writable')
    await box.storage.snapshots.restoreAll('pool', 'shares', 'media', kept)
    t.is(await readFile(file, 'utf8'), 'second')
    await t.throwsAsync(access(join(file, '..', '.cairn', 'tmp', 'half')))
    t.is(replaced.length, 2)
    t.is((await box.storage.snapshots.list('pool', 'shares', 'media')).length, 3)
  })

  about(
    'a deleted snapshot and a deleted share are gone, the share with all its snapshots',
    async (t, box) => {
      await shareWith(box, 'first')
      const { id } = await box.storage.snapshots.create('pool', 'shares', 'media', 'one')
      await box.storage.snapshots.create('pool', 'shares', 'media', 'two')
      await box.storage.snapshots.delete('pool', 'shares', 'media', id)
      t.deepEqual(
        (await box.storage.snapshots.list('pool', 'shares', 'media')).map(({ label }) => label),
        ['two'],
      )
      await t.throwsAsync(box.storage.snapshots.delete('pool', 'shares', 'media', id), {
        code: 'storage/missing',
      })
      await box.storage.deleteSubvolume('pool', 'shares', 'media')
      await box.storage.createSubvolume('pool', 'shares', 'media')
      t.deepEqual(await box.storage.snapshots.list('pool', 'shares', 'media'), [])
      await t.throwsAsync(access(join(box.poolsDir, 'pool', 'shares', 'media', 'a.txt')))
    },
  )

  about('a link in the place of our own folders leads nowhere when going back', async (t, box) => {
    const own = join(await shareWith(box, 'first'), '..', '.cairn')
    const victim = join(box.folder, 'victim')
    for (const name of ['tmp', 'uploads']) await mkdir(join(victim, name), { recursive: true })
    await writeFile(join(victim, 'tmp', 'precious'), 'precious')
    await rename(own, join(own, '..', 'moved'))
    for (const [target, link] of [
      [victim, own],
      [join(victim, 'tmp'), join(own, 'trash')],
    ] as const) {
      await symlink(target, link)
      const before = await stat(target)
      const { id } = await box.storage.snapshots.create('pool', 'shares', 'media')
      await box.storage.snapshots.restoreAll('pool', 'shares', 'media', id)
      t.like(await stat(target), { uid: before.uid, mode: before.mode })
      t.true((await lstat(link)).isDirectory())
      if (target === victim) await rm(join(own, 'trash'), { recursive: true })
    }
    t.is(await readFile(join(victim, 'tmp', 'precious'), 'utf8'), 'precious')
  })

  about(
    'what a restore that failed left behind is not taken for the one that is asked for',
    async (t, box) => {
      const file = await shareWith(box, 'first')
      const { id } = await box.storage.snapshots.create('pool', 'shares', 'media')
      await box.storage.createSubvolume('pool', 'shares', 'failed')
      await mkdir(join(box.poolsDir, 'pool', 'restoring', 'shares'), { recursive: true })
      await rename(
        join(box.poolsDir, 'pool', 'shares', 'failed'),
        join(box.poolsDir, 'pool', 'restoring', 'shares', 'media'),
      )
      await writeFile(file, 'second')
      await box.storage.snapshots.restoreAll('pool', 'shares', 'media', id)
      t.is(await readFile(file, 'utf8'), 'first')
      t.is((await box.storage.snapshots.list('pool', 'shares', 'media')).length, 3)
    },
  )

  about('what an interrupted restore left behind becomes a snapshot at the next start', async (t, box) => {
    await shareWith(box, 'first')
    const left = join(box.poolsDir, 'pool', 'restoring', 'shares', 'media')
    await mkdir(left, { recursive: true })
    await writeFile(join(left, 'b.txt'), 'kept')
    await box.stop()
    const again = await startBox(t, { folder: box.folder, isRoot: box.isRoot })
    const [kept] = await again.storage.snapshots.list('pool', 'shares', 'media')
    const path = again.storage.snapshots.path('pool', 'shares', 'media', kept?.id ?? '')
    t.is(await readFile(join(path, 'b.txt'), 'utf8'), 'kept')
    t.is(await readFile(join(box.poolsDir, 'pool', 'shares', 'media', 'a.txt'), 'utf8'), 'first')
  })
}

async function shareWith(box: Box, text: string): Promise<string> {
  await box.storage.createSubvolume('pool', 'shares', 'media')
  const file = join(box.poolsDir, 'pool', 'shares', 'media', 'a.txt')
  await writeFile(file, text)
  return file
}
