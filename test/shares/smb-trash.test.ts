import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createFiles, type Files } from '../../appliance/files/index.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { getXattr } from '../../appliance/lib/posix.ts'
import { run } from '../../appliance/lib/run.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { startWorld, type World } from './world.ts'

const smbTest = testIf('root', 'btrfs', 'smbd', 'smbclient')
const alice = { user: 'alice', role: 'admin' } as const
const bob = { user: 'bob', role: 'member' } as const
const passwords = { alice: 'Alice-pass-1', bob: 'Bob-pass-22' }

interface Drive {
  world: World
  files: Files
  clock: { now(): number; skip(ms: number): void }
  /** What smbclient said. */
  smb(who: keyof typeof passwords, ...commands: string[]): Promise<string>
  path(...names: string[]): string
  items(person?: typeof alice | typeof bob): Promise<Item[]>
}
type Item = Awaited<ReturnType<Files['trash']['find']>>

async function start(t: ExecutionContext): Promise<Drive> {
  const world = await startWorld(t, { isReal: true })
  await world.users.create({ name: 'alice', password: passwords.alice, role: 'admin' })
  await world.users.create({ name: 'bob', password: passwords.bob })
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  let skipped = 0
  const clock = {
    now: () => Date.now() + skipped,
    skip(ms: number) {
      skipped += ms
    },
  }
  const files = createFiles({ shares: world.shares, events: world.box.events, log: silentLog, clock })
  t.teardown(files.stop)
  return {
    world,
    files,
    clock,
    path: (...names) => join(world.box.poolsDir, 'pool/shares/shared', ...names),
    async smb(who, ...commands) {
      const login = ['-U', `${who}%${passwords[who]}`, '-p', String(world.smbPort)]
      const { stdout, stderr } = await run(
        ['smbclient', '//127.0.0.1/shared', ...login, '-c', commands.join('; ')],
        { expected: [1] },
      )
      return stdout + stderr
    },
    async items(person = alice) {
      const found: Item[] = []
      for await (const item of files.trash.list(person)) found.push(item)
      return found
    },
  }
}

async function only(t: ExecutionContext, drive: Drive): Promise<Item> {
  const items = await drive.items()
  t.is(items.length, 1, items.map(({ origin }) => origin.join('/')).join())
  const [item] = items
  if (!item) throw new Error('nothing in the trash')
  return item
}

smbTest('a file deleted over SMB is in the trash at once, with who, and comes back as it was', async t => {
  const { files, smb, path, clock, ...drive } = await start(t)
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'in'), 'content')
  await smb('bob', 'mkdir sub', `put ${folder}/in sub/a.txt`)
  const { id } = await files.stat(alice, ['shared', 'sub', 'a.txt'])
  const { mtimeMs } = await stat(path('sub', 'a.txt'))
  t.notRegex(await smb('bob', 'rm sub/a.txt'), /NT_STATUS/)
  const all = { files, smb, path, clock, ...drive }
  const item = await only(t, all)
  t.deepEqual(item.origin, ['shared', 'sub', 'a.txt'])
  t.like(item.about, { by: 'bob', face: 'smb', why: 'deleted' })
  t.is(item.entry.id, id)
  t.true(Math.abs(item.deletedAtMs - Date.now()) < 60_000)
  clock.skip(60_000)
  const kept = await only(t, all)
  t.is(kept.deletedAtMs, item.deletedAtMs)
  t.deepEqual(await readdir(path('.cairn/trash', kept.item)), ['a.txt'])
  await files.trash.restore(alice, kept.id, { whenTaken: 'fail' })
  t.is(await readFile(path('sub', 'a.txt'), 'utf8'), 'content')
  t.is((await stat(path('sub', 'a.txt'))).mtimeMs, mtimeMs)
  t.is((await files.stat(alice, ['shared', 'sub', 'a.txt'])).id, id)
  t.truthy(getXattr(path('sub', 'a.txt'), 'user.DOSATTRIB'))
})

smbTest(
  'a folder deleted over SMB is one entry, however many files it had, and comes back whole',
  async t => {
    const drive = await start(t)
    const { files, smb, path, clock } = drive
    await smb('alice', 'mkdir keep', 'mkdir keep/album', 'mkdir keep/album/may', 'mkdir keep/album/empty')
    const names = Array.from(
      { length: 30 },
      (_, index) => `keep/album/${index % 2 ? 'may/' : ''}${index}.jpg`,
    )
    for (const name of names) await writeFile(path(name), name)
    await writeFile(path('keep/other.txt'), 'stays')
    await run(['chown', '-R', '2770:2770', path('keep')])
    t.notRegex(await smb('alice', 'cd keep', 'deltree album'), /NT_STATUS/)
    t.deepEqual(await readdir(path('keep')), ['other.txt'])
    const pending = await only(t, drive)
    t.deepEqual(pending.origin, ['shared', 'keep', 'album'])
    clock.skip(60_000)
    const item = await only(t, drive)
    t.deepEqual(item.origin, ['shared', 'keep', 'album'])
    t.like(item.about, { by: 'alice', face: 'smb' })
    t.is(item.entry.kind, 'folder')
    await files.trash.restore(alice, item.id, { whenTaken: 'fail' })
    for (const name of names) t.is(await readFile(path(name), 'utf8'), name)
    t.deepEqual(await drive.items(), [])
  },
)

smbTest('what has come only now can be restored and deleted without waiting', async t => {
  const drive = await start(t)
  const { files, smb, path } = drive
  for (const name of ['a.txt', 'b.txt']) await writeFile(path(name), name)
  await run(['chown', '2770:2770', path('a.txt'), path('b.txt')])
  await smb('alice', 'rm a.txt', 'rm b.txt')
  const items = await drive.items()
  t.deepEqual(items.map(({ entry }) => entry.name).sort(), ['a.txt', 'b.txt'])
  const [a, b] = items.sort((one, other) => (one.entry.name < other.entry.name ? -1 : 1))
  await files.trash.restore(alice, a?.id ?? '', { whenTaken: 'fail' })
  t.is(await readFile(path('a.txt'), 'utf8'), 'a.txt')
  await files.trash.remove(alice, b?.id ?? '')
  t.deepEqual(await drive.items(), [])
})

smbTest(
  'deleted twice under one name, both are there under it; two people have entries of their own',
  async t => {
    const drive = await start(t)
    const { smb, clock, files } = drive
    const folder = await tempFolder(t)
    for (const content of ['one', 'two', 'three']) {
      await writeFile(join(folder, 'in'), content)
      await smb(content === 'three' ? 'bob' : 'alice', `put ${folder}/in a.txt`, 'rm a.txt')
    }
    clock.skip(60_000)
    const items = await drive.items()
    t.deepEqual(items.map(({ origin, about }) => [origin.at(-1), about.by]).sort(), [
      ['a.txt', 'alice'],
      ['a.txt', 'alice'],
      ['a.txt', 'bob'],
    ])
    const contents = []
    for (const { id } of items) {
      const file = await files.trash.open(alice, id, [])
      const bytes = Buffer.alloc(file.entry.size)
      await file.read(bytes, 0)
      file.close()
      contents.push(bytes.toString())
    }
    t.deepEqual(contents.sort(), ['one', 'three', 'two'])
  },
)

smbTest('owner files, lock files and leftovers of file managers are not kept', async t => {
  const drive = await start(t)
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'in'), 'x')
  const names = ['~$report.docx', '.~lock.report.odt#', 'Thumbs.db', '~WRL0001.tmp', 'report.docx', 'set.tmp']
  for (const name of names) await drive.smb('alice', `put ${folder}/in "${name}"`, `rm "${name}"`)
  t.deepEqual((await drive.items()).map(({ entry }) => entry.name).sort(), ['report.docx', 'set.tmp'])
})

smbTest('who may only read deletes nothing, and the trash of a home is its owner’s', async t => {
  const drive = await start(t)
  const { world, smb, path } = drive
  await writeFile(path('a.txt'), 'x')
  await run(['chown', '2770:2770', path('a.txt')])
  await world.shares.setGrants('shared', { users: { alice: 'write', bob: 'read' }, everyone: 'none' })
  t.regex(await smb('bob', 'rm a.txt'), /NT_STATUS/)
  await smb('alice', 'rm a.txt')
  t.is((await drive.items(bob)).length, 1)
  const home = [...(await drive.items(bob))].map(({ volume }) => volume.kind)
  t.deepEqual(home, ['share'])
})
