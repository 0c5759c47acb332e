import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  appendFile,
  chmod,
  link,
  mkdir,
  rename,
  rmdir,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { setXattr } from '../../appliance/lib/posix.ts'
import { run } from '../../appliance/lib/run.ts'
import type { ChangeMark, FeedMessage } from '../../appliance/storage/index.ts'
import { createFeed } from '../../appliance/storage/system/feed/index.ts'
import { testIf } from '../helpers/needs.ts'
import { startWorld } from '../shares/world.ts'
import { type Box, startBox } from '../storage/box.ts'
import { follow, namesIn } from './following.ts'

const feedTest = testIf('root', 'btrfs')

async function boxWithShare(t: ExecutionContext): Promise<{ box: Box; share: string }> {
  const box = await startBox(t, { disks: 1, sizeBytes: 2 * 1024 ** 3 })
  await box.createPool('single')
  await box.storage.createSubvolume('pool', 'shares', 'media')
  return { box, share: join(box.poolsDir, 'pool', 'shares', 'media') }
}

/** Of the pool, as the agent wants to be told. */
function keyOf(box: Box): { name: string; uuid: string } {
  const text = readFileSync(join(box.poolsDir, 'pool', 'manifest.json'), 'utf8')
  return { name: 'pool', uuid: (JSON.parse(text) as { uuid: string }).uuid }
}

feedTest('every kind of change is told, by the name that it happened to', async t => {
  const { box, share } = await boxWithShare(t)
  const feed = await follow(t, box)
  await feed.until('the first gap', ({ kind }) => kind === 'gap')
  const at = (...names: string[]) => join(share, ...names)
  const named = (...wanted: [string, Parameters<typeof feed.named>[0][1]][]) =>
    feed.named(...wanted.map(([name, kind]) => [`shares/media${name}`, kind] as [string, typeof kind]))

  await mkdir(at('a', 'b'), { recursive: true })
  await named(['/a', 'create'], ['/a/b', 'create'])
  await writeFile(at('a', 'file'), 'one')
  await named(['/a/file', 'create'], ['/a/file', 'write'])
  await writeFile(at('a', 'file'), 'two')
  await named(['/a/file', 'write'])
  await appendFile(at('a', 'file'), 'three')
  await named(['/a/file', 'write'])
  await truncate(at('a', 'file'), 1)
  await named(['/a/file', 'write'])
  writeMapped(at('a', 'file'))
  await named(['/a/file', 'write'])
  await chmod(at('a', 'file'), 0o640)
  await named(['/a/file', 'attributes'])
  await utimes(at('a', 'file'), 1, 1)
  await named(['/a/file', 'attributes'])
  setXattr(at('a', 'file'), 'user.test', Buffer.from('x'))
  await named(['/a/file', 'attributes'])
  await chmod(at('a'), 0o750)
  await named(['/a/.', 'attributes'])
  await rename(at('a', 'file'), at('a', 'renamed'))
  await named(['/a/file', 'moved-from'], ['/a/renamed', 'moved-to'])
  await rename(at('a', 'renamed'), at('a', 'b', 'moved'))
  await named(['/a/renamed', 'moved-from'], ['/a/b/moved', 'moved-to'])
  await rename(at('a', 'b'), at('c'))
  await named(['/a/b', 'moved-from'], ['/c', 'moved-to'])
  await writeFile(at('c', 'moved'), 'below a folder with a new name')
  await named(['/c/moved', 'write'])
  await link(at('c', 'moved'), at('a', 'second'))
  await named(['/a/second', 'create'])
  await writeFile(at('a', 'new'), 'x')
  await rename(at('a', 'new'), at('c', 'moved'))
  await named(['/c/moved', 'moved-to'])
  await unlink(at('c', 'moved'))
  await named(['/c/moved', 'delete'])
  await rmdir(at('c'))
  await named(['/c', 'delete'])
  await run(['btrfs', 'subvolume', 'snapshot', share, at('..', 'copy')])
  await feed.named(['shares/copy', 'create'])
  await run(['btrfs', 'subvolume', 'delete', at('..', 'copy')])
  await feed.named(['shares/copy', 'delete'])
  t.pass()
})

function writeMapped(path: string) {
  execFileSync('python3', [
    '-c',
    `import mmap\nf=open(${JSON.stringify(path)},'r+b')\nm=mmap.mmap(f.fileno(),0)\nf.close()\nm[0]=65\nm.close()`,
  ])
}

feedTest('it sees through every other mount, and by the handle of a file that nobody has named', async t => {
  const { box, share } = await boxWithShare(t)
  await writeFile(join(share, 'known'), 'x')
  const other = mkdtempSync(join(tmpdir(), 'cairn-mount-'))
  const { stdout } = await run(['findmnt', '-n', '-o', 'SOURCE', '--target', share])
  await run(['mount', '-o', 'subvol=shares/media', stdout.trim().replace(/\[.*/, ''), other])
  t.teardown(async () => {
    if (existsSync(join(other, 'known'))) await run(['umount', other])
    rmSync(other, { recursive: true })
  })
  const feed = await follow(t, box)
  await writeFile(join(other, 'file'), 'x')
  await feed.named(['shares/media/file', 'write'])
  await appendFile(join(other, 'known'), 'y')
  await feed.until('who did it', message => namesIn(message).some(name => name.pids.includes(process.pid)))
  await run(['umount', other])
  await run(['python3', '-c', writeByHandle, share])
  await feed.named(['shares/media/known', 'write'])
  t.pass()
})

/** As nfsd does after its caches were dropped: the kernel then knows no name of the file. */
const writeByHandle = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [('bytes', ctypes.c_uint), ('type', ctypes.c_int), ('data', ctypes.c_char * 128)]
handle, mount = Handle(bytes=128), ctypes.c_int()
assert libc.name_to_handle_at(-100, (sys.argv[1] + '/known').encode(), ctypes.byref(handle), ctypes.byref(mount), 0) == 0
open('/proc/sys/vm/drop_caches', 'w').write('2')
top = os.open(sys.argv[1], os.O_RDONLY)
fd = libc.open_by_handle_at(top, ctypes.byref(handle), os.O_WRONLY)
assert fd >= 0
os.write(fd, b'z')
os.close(fd)
`

feedTest("Cairn's own files are nobody's business, and moving out of them is", async t => {
  const { box, share } = await boxWithShare(t)
  const feed = await follow(t, box)
  await writeFile(join(share, 'first'), '')
  await feed.named(['shares/media/first', 'write'])
  await writeFile(join(share, '.cairn', 'tmp', 'upload'), 'x')
  await rename(join(share, '.cairn', 'tmp', 'upload'), join(share, 'file'))
  await box.storage.snapshots.create('pool', 'shares', 'media')
  await mkdir(join(share, '.cairn', 'trash', 'folder'))
  await writeFile(join(share, '.cairn', 'trash', 'folder', 'x'), '')
  await writeFile(join(share, 'last'), '')
  await feed.until('the last', message =>
    namesIn(message).some(({ path, kinds }) => path.endsWith('/last') && kinds.includes('write')),
  )
  const paths = new Set(feed.messages.flatMap(namesIn).map(({ path }) => path))
  t.deepEqual([...paths].sort(), ['shares/media/file', 'shares/media/last'])
})

feedTest('a pool is unmounted while it is followed, and the next mount begins a new epoch', async t => {
  const { box, share } = await boxWithShare(t)
  const feed = await follow(t, box)
  await writeFile(join(share, 'file'), 'x')
  await feed.named(['shares/media/file', 'write'])
  const key = keyOf(box)
  // Behind our back: nothing of ours holds it.
  await run(['umount', join(box.poolsDir, 'pool')])
  await box.agent.call('storage/mount-pool', { ...key, retired: [] })
  await feed.until('a new epoch', message => message.kind === 'gone')
  await feed.until('its gap', ({ kind }) => kind === 'gap')
  await writeFile(join(share, 'after'), 'x')
  await feed.named(['shares/media/after', 'write'])
  t.pass()
})

feedTest('a storm of 100,000 new files is told without a loss, and memory stays bounded', async t => {
  const { box, share } = await boxWithShare(t)
  const names = new Set<string>()
  let highestBytes = 0
  const feed = await follow(t, box, {
    async hold(message) {
      for (const { path, kinds } of namesIn(message)) if (kinds.includes('create')) names.add(path)
      highestBytes = Math.max(highestBytes, process.memoryUsage.rss())
    },
  })
  const beforeBytes = process.memoryUsage.rss()
  await storm(share, 100_000)
  await writeFile(join(share, 'last'), '')
  await feed.until('the last', () => names.has('shares/media/last'))
  t.is([...names].filter(name => name.startsWith('shares/media/storm/')).length, 100_000)
  t.true(highestBytes - beforeBytes < 200 * 1024 ** 2, `${(highestBytes - beforeBytes) / 1024 ** 2} MiB more`)
})

feedTest('who is too slow gets a gap instead of changes, and finds all of them by catching up', async t => {
  const { box, share } = await boxWithShare(t)
  const { mark } = await lastPage(box, null)
  let release: (() => void) | undefined
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const feed = await follow(t, box, {
    hold: message => (message.kind === 'changes' ? held : Promise.resolve()),
  })
  feed.messages.splice(0)
  await storm(share, 130_000)
  release?.()
  await feed.until('the gap', message => message.kind === 'gap' && message.reason === 'slow')
  const told = feed.messages.flatMap(namesIn).filter(({ path }) => path.startsWith('shares/media/storm/'))
  t.true(told.length < 130_000)
  const { inodes } = await lastPage(box, mark)
  // The files and their folder, and the top that the folder is in.
  t.is(inodes.size, 130_000 + 2)
  await writeFile(join(share, 'after'), '')
  await feed.named(['shares/media/after', 'create'])
})

feedTest('a follower who comes back goes on where it was, or is told that it cannot', async t => {
  const { box, share } = await boxWithShare(t)
  const first = await follow(t, box)
  await writeFile(join(share, 'one'), '')
  await first.until('one', message => namesIn(message).some(({ path }) => path.endsWith('/one')))
  const { pool, epoch, number } = first.messages.at(-1) ?? t.fail() ?? { pool: '', epoch: '', number: 0 }
  await first.stop()
  await writeFile(join(share, 'two'), '')
  const second = await follow(t, box, { known: [{ pool, epoch, number }] })
  await second.until('two', message => namesIn(message).some(({ path }) => path.endsWith('/two')))
  t.deepEqual(
    second.messages.map(({ kind }) => kind),
    ['changes'],
  )
  await second.stop()
  const third = await follow(t, box, { known: [{ pool, epoch: 'another', number: 7 }] })
  await third.until('a gap', ({ kind }) => kind === 'gap')
  t.deepEqual(third.told(), [])
})

feedTest('one follower is served at a time, the next one as soon as it has gone', async t => {
  const { box, share } = await boxWithShare(t)
  const first = await follow(t, box)
  const second = follow(t, box)
  await writeFile(join(share, 'one'), '')
  await first.named(['shares/media/one', 'create'])
  await first.stop()
  await (await second).until('its gap', ({ kind }) => kind === 'gap')
  await writeFile(join(share, 'two'), '')
  await (await second).named(['shares/media/two', 'create'])
  t.pass()
})

feedTest('one that waits for its turn and gives up ends at once, and the next one is served', async t => {
  const { box, share } = await boxWithShare(t)
  const first = await follow(t, box)
  const ending = new AbortController()
  const waiting = box.storage.changes.follow({ signal: ending.signal, receive: async () => t.fail() })
  const third = follow(t, box)
  ending.abort()
  await waiting
  await first.stop()
  await (await third).until('its gap', ({ kind }) => kind === 'gap')
  await writeFile(join(share, 'one'), '')
  await (await third).named(['shares/media/one', 'create'])
  t.pass()
})

feedTest('when the queue of the kernel was full there is a gap', async t => {
  const { box, share } = await boxWithShare(t)
  const feed = createFeed({ log: silentLog, queue: 'limited' })
  feed.attach({ ...keyOf(box), place: join(box.poolsDir, 'pool') })
  const ending = new AbortController()
  const gaps = new Map<string, () => void>()
  const gapOf = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no gap: ${wanted}`)), 20_000)
      t.teardown(() => clearTimeout(timer))
      gaps.set(wanted, resolve)
    })
  const start = gapOf('start')
  const overflow = gapOf('overflow')
  const send = (message: FeedMessage) => {
    if (message.kind === 'gap') gaps.get(message.reason)?.()
    if (message.kind !== 'alive') feed.acknowledge(message)
  }
  void feed.follow({ known: [], send, signal: ending.signal })
  t.teardown(() => {
    ending.abort()
    feed.stop()
  })
  await start
  // While this runs nothing is read.
  execFileSync('python3', ['-c', stormProgram, join(share, 'storm'), '20000'])
  await overflow
  t.pass()
})

testIf(
  'root',
  'btrfs',
  'smbd',
  'smbclient',
)('what comes over SMB is told, with the pid of its smbd', async t => {
  const { box, users, shares, smbPort } = await startWorld(t, { isReal: true })
  await users.create({ name: 'alice', password: 'Alice-pass-1', role: 'admin' })
  await shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  const feed = await follow(t, box)
  const commands = 'put /etc/hostname a.txt; rename a.txt b.txt; mkdir sub; rm b.txt'
  await run([
    'smbclient',
    '-p',
    `${smbPort}`,
    '//127.0.0.1/shared',
    '-U',
    'alice%Alice-pass-1',
    '-c',
    commands,
  ])
  const isLast = ({ path, kinds }: ReturnType<typeof namesIn>[number]) =>
    path === 'shares/shared/b.txt' && (kinds.includes('delete') || kinds.includes('moved-from'))
  await feed.until('the last command', message => namesIn(message).some(isLast))
  const names = feed.messages.flatMap(namesIn)
  for (const name of ['a.txt', 'b.txt', 'sub']) {
    const pids = names.filter(({ path }) => path === `shares/shared/${name}`).flatMap(told => told.pids)
    t.true(pids.length > 0 && !pids.includes(process.pid), name)
  }
})

const stormProgram = `
import os, sys
os.mkdir(sys.argv[1])
for number in range(int(sys.argv[2])):
  os.close(os.open(sys.argv[1] + '/' + str(number), os.O_WRONLY | os.O_CREAT))
`

/** That many files in a folder of their own, as fast as another program can. */
async function storm(share: string, count: number) {
  await run(['python3', '-c', stormProgram, join(share, 'storm'), `${count}`], { timeoutMs: 60_000 })
}

async function lastPage(box: Box, since: ChangeMark | null) {
  const inodes = new Set<number>()
  let mark: ChangeMark | null = null
  const place = { pool: 'pool', kind: 'shares', name: 'media' } as const
  for await (const page of box.storage.changes.since(place, since)) {
    for (const { inode } of page.entries) inodes.add(inode)
    mark = page.mark
  }
  return { inodes, mark }
}
