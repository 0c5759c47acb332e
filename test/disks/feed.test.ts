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
import { setXattr } from '../../appliance/lib/posix.ts'
import { run } from '../../appliance/lib/run.ts'
import { testIf } from '../helpers/needs.ts'
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
