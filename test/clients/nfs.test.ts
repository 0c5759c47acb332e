import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { admin, basic, type Cairn, claimed, eventually, freePort, smb, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { indexedIn, nfsClient, nfsServerOf, startRpcbind, testedEngine } from '../helpers/nfs.ts'
import { tempFolder } from '../helpers/temp.ts'

const run = promisify(execFile)
const { name: engine, need } = testedEngine
const nfsTest = testIf('root', 'btrfs', need, 'libnfs', 'rpcbind', 'smbd', 'smbclient')
/** A program for each file is what an emulated machine has no time for; there Linux' own client writes them (nfs-mounted). */
const manyTest: typeof nfsTest = engine === 'kernel' ? test.skip : nfsTest
const withEngine = ['--nfs-engine', engine]
const headers = { authorization: basic(admin) }
const sum = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

interface Exported {
  cairn: Cairn
  share: string
  scratch: string
  v3: ReturnType<typeof nfsClient>
  v4: ReturnType<typeof nfsClient>
  /** Where version 3 finds the share. */
  v3Path: string
  mountPort: number
}

const writable = { enabled: true, clients: ['127.0.0.1'], access: 'write' }

async function startExported(t: ExecutionContext, settings: object = writable): Promise<Exported> {
  await startRpcbind(t)
  const mountPort = await freePort()
  const cairn = await startCairn(t, {
    args: [...claimed, ...withEngine, '--nfs-mount-port', String(mountPort)],
  })
  const { status, body } = await cairn.api('PUT', '/shares/shared/nfs', settings)
  t.is(status, 200, JSON.stringify(body))
  t.is(body.problem, null)
  return {
    cairn,
    share: join(cairn.dataDir, 'pools/pool/shares/shared'),
    scratch: await tempFolder(t),
    v3: nfsClient(cairn, 3, { mountPort }),
    v4: nfsClient(cairn, 4),
    v3Path: engine === 'kernel' ? '/shared' : (exportPaths(cairn)[0] ?? ''),
    mountPort,
  }
}

/** Where the exported mounts of this Cairn are. */
function exportPaths(cairn: Cairn): string[] {
  const pool = `${cairn.dataDir}/pools/pool `
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
  const device = mounts.find(fields => `${fields[4]} ` === pool)?.[2]
  return mounts
    .filter(fields => fields[2] === device && fields[4]?.includes('/nfs/root/exports/'))
    .map(fields => fields[4] ?? '')
}

async function listed(
  cairn: Cairn,
  path: string,
): Promise<Map<string, { size: number; etag: string; id: number }>> {
  const { entries } = (await cairn.api('GET', `/files?path=${encodeURIComponent(path)}`)).body
  return new Map(entries.map((entry: { name: string }) => [entry.name, entry]))
}

nfsTest('the same bytes over NFS, SMB, WebDAV and in the folder, by versions 3 and 4', async t => {
  const { cairn, share, scratch, v3, v4, v3Path } = await startExported(t)
  const [large, small] = [randomBytes(3_000_001), randomBytes(3_000)]
  await writeFile(join(scratch, 'large'), large)
  await writeFile(join(scratch, 'small'), small)
  await v3.copyIn(join(scratch, 'large'), `${v3Path}/nfs3 ä.bin`)
  await v4.copyIn(join(scratch, 'small'), '/shared/nfs4.bin')
  await fetch(`${cairn.url}/webdav/shared/webdav.bin`, { method: 'PUT', body: large, headers })
  await smb(cairn, 'shared', `put ${join(scratch, 'large')} smb.bin`)

  const wanted = { 'nfs3 ä.bin': large, 'nfs4.bin': small, 'webdav.bin': large, 'smb.bin': large }
  const isWhole = async () => {
    const found = await listed(cairn, '/shared')
    return Object.entries(wanted).every(([name, bytes]) => found.get(name)?.size === bytes.length)
  }
  await eventually(isWhole)
  for (const [name, bytes] of Object.entries(wanted)) {
    const overDav = await fetch(`${cairn.url}/webdav/shared/${encodeURIComponent(name)}`, { headers })
    t.is(sum(new Uint8Array(await overDav.arrayBuffer())), sum(bytes), `${name} over WebDAV`)
    await smb(cairn, 'shared', `get "${name}" ${join(scratch, 'out')}`)
    t.is(sum(await readFile(join(scratch, 'out'))), sum(bytes), `${name} over SMB`)
    t.is(sum(await readFile(join(share, name))), sum(bytes), `${name} in the folder`)
    t.is(sum(await v3.cat(`${v3Path}/${name}`)), sum(bytes), `${name} over NFS 3`)
    t.is(sum(await v4.cat(`/shared/${name}`)), sum(bytes), `${name} over NFS 4`)
  }
  const names = await v4.list('/shared')
  for (const name of Object.keys(wanted)) t.is(names.get(name)?.owner, 2770, name)

  const written = (await cairn.api('GET', '/journal?face=nfs')).body.entries
  t.deepEqual([...new Set(written.map(({ path }: { path: string }) => path))].sort(), [
    '/nfs3 ä.bin',
    '/nfs4.bin',
  ])
})

nfsTest('what other faces overwrite and delete shows over NFS at once, and the other way round', async t => {
  const { cairn, scratch, v3, v4, v3Path, share } = await startExported(t)
  await writeFile(join(scratch, 'one'), 'one')
  const put = async (name: string, body: string) =>
    (await fetch(`${cairn.url}/webdav/shared/${name}`, { method: 'PUT', body, headers })).status
  for (const [number, text] of ['first', 'and second', 'and third'].entries()) {
    t.is(await put('file', text), number === 0 ? 201 : 204)
    t.is((await v4.cat('/shared/file')).toString(), text)
    t.is((await v3.cat(`${v3Path}/file`)).toString(), text)
  }
  await v4.copyIn(join(scratch, 'one'), '/shared/open')
  // Ganesha has it open for a moment longer, and so long nobody replaces it.
  if (engine === 'ganesha') t.is(await put('open', 'two'), 423)
  await eventually(async () => (await put('open', 'two')) === 204)

  await fetch(`${cairn.url}/webdav/shared/folder`, { method: 'MKCOL', headers })
  t.true((await v4.list('/shared')).get('folder')?.isFolder)
  await fetch(`${cairn.url}/webdav/shared/file`, { method: 'DELETE', headers })
  t.false((await v4.list('/shared')).has('file'))
  t.true(existsSync(join(share, '.cairn', 'trash')))
  await t.throwsAsync(v4.list('/shared/.cairn'))
  await t.throwsAsync(v4.copyIn(join(scratch, 'one'), '/shared/.cairn/x'))
})

nfsTest('who is not allowed gets nothing, not even names, and who reads only cannot write', async t => {
  const { cairn, scratch, v4, v3, v3Path } = await startExported(t, {
    ...writable,
    clients: ['10.99.99.0/24', 'fd00::/64'],
  })
  await writeFile(join(scratch, 'small'), 'small')
  // The kernel has nothing at all for such a client, ganesha an empty folder.
  const shown = v4.list('/').catch(() => new Map())
  t.deepEqual([...(await shown).keys()], [])
  await t.throwsAsync(v4.list('/shared'))
  await t.throwsAsync(v3.list(v3Path))
  await cairn.api('PUT', '/shares/shared/nfs', { clients: ['127.0.0.0/8'], access: 'read' })
  t.deepEqual([...(await v4.list('/')).keys()], ['shared'])
  await t.throwsAsync(v4.copyIn(join(scratch, 'small'), '/shared/small'), { message: /ROFS|ACCESS|PERM/ })
  await cairn.api('PUT', '/shares/shared/nfs', writable)
  await v4.copyIn(join(scratch, 'small'), '/shared/small')
  await cairn.api('PUT', '/shares/shared/nfs', { ...writable, enabled: false })
  await t.throwsAsync(v4.list('/shared'))
})

nfsTest('everybody of one family is let in only when that is said again, and shut out again', async t => {
  const { cairn, v4 } = await startExported(t)
  const everybody = { clients: ['0.0.0.0/0', '::/0'] }
  const refused = await cairn.api('PUT', '/shares/shared/nfs', everybody)
  t.is(refused.status, 400)
  t.deepEqual(Object.keys(refused.body.error.details.fields), ['clients.0', 'clients.1'])
  const { body } = await cairn.api('PUT', '/shares/shared/nfs', { ...everybody, confirm: 'everyone' })
  t.is(body.problem, null)
  await v4.list('/shared')
  t.is((await cairn.api('DELETE', '/shares/shared/nfs')).status, 204)
  await t.throwsAsync(v4.list('/shared'))
})

nfsTest('an export that cannot be shown is named, and holds up none of the others', async t => {
  const { cairn, v4, share } = await startExported(t)
  await cairn.api('POST', '/shares', { name: 'second', pool: 'pool', everyone: 'read' })
  const own = join(share, '../second/.cairn')
  await rename(own, `${own}-away`)
  await symlink('/etc', own)
  const { body } = await cairn.api('PUT', '/shares/second/nfs', writable)
  t.regex(body.problem, /no folder/)
  const issues = (await cairn.api('GET', '/health')).body.issues as { code: string; subject?: string }[]
  t.like(
    issues.find(({ code }) => code === 'shares/nfs-not-served'),
    { subject: 'second' },
  )
  t.deepEqual([...(await v4.list('/')).keys()], ['shared'])
  t.is((await cairn.api('PUT', '/shares/shared/nfs', { ...writable, enabled: false })).status, 200)
  await t.throwsAsync(v4.list('/shared'))
  await rm(own)
  await rename(`${own}-away`, own)
  t.is((await cairn.api('PUT', '/shares/second/nfs', writable)).body.problem, null)
  t.deepEqual([...(await v4.list('/')).keys()], ['second'])
})

nfsTest('a share that comes and goes leaves the clients of others alone', async t => {
  const { cairn, scratch, v3, v3Path } = await startExported(t)
  const bytes = randomBytes(300_000_000)
  await writeFile(join(scratch, 'large'), bytes)
  const pid = nfsServerOf(cairn, engine)
  let isCopying = true
  const copying = v3.copyIn(join(scratch, 'large'), `${v3Path}/large`).finally(() => {
    isCopying = false
  })
  let rounds = 0
  await cairn.api('POST', '/shares', { name: 'second', pool: 'pool', everyone: 'read' })
  do {
    await cairn.api('PUT', '/shares/second/nfs', { clients: ['10.0.0.0/8'] })
    await cairn.api('DELETE', '/shares/second/nfs')
    rounds += 1
  } while (isCopying)
  await copying
  t.log(`${rounds} changes during the copy`)
  t.is(nfsServerOf(cairn, engine), pid)
  t.is(sum(await readFile(join(cairn.dataDir, 'pools/pool/shares/shared/large'))), sum(bytes))
  t.is((await cairn.api('DELETE', '/shares/second', { confirm: 'second' })).status, 204)
})

nfsTest('an NFS server that is killed under load comes back, and clients go on', async t => {
  const { cairn, scratch, v3, v4, v3Path, share } = await startExported(t)
  const bytes = randomBytes(150_000_000)
  await writeFile(join(scratch, 'large'), bytes)
  const copying = v3.copyIn(join(scratch, 'large'), `${v3Path}/large`)
  await eventually(async () => existsSync(join(share, 'large')))
  const killed = nfsServerOf(cairn, engine)
  process.kill(killed ?? 0, 'SIGKILL')
  await copying
  t.not(nfsServerOf(cairn, engine), killed)
  t.is(sum(await readFile(join(share, 'large'))), sum(bytes))
  t.is((await v4.list('/shared')).get('large')?.size, bytes.length)
  const { body } = await cairn.api('GET', '/nfs')
  t.like(body, { isWanted: true, isRunning: true, problem: null })
})

manyTest('2,000 files that are written over NFS show in the index and in the folder etags', async t => {
  const { cairn, scratch, v4 } = await startExported(t)
  await fetch(`${cairn.url}/webdav/shared/many`, { method: 'MKCOL', headers })
  const before = (await listed(cairn, '/')).get('shared')
  await writeFile(join(scratch, 'small'), 'small')
  const names = Array.from({ length: 2_000 }, (_, number) => `file ${number}`)
  const waiting = [...names]
  const copy = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
      await v4.copyIn(join(scratch, 'small'), `/shared/many/${name}`)
  }
  await Promise.all(Array.from({ length: 4 }, copy))
  // The top, the folder and what is in it.
  await eventually(async () => (await indexedIn(cairn, 'shared')) === names.length + 2)
  await eventually(async () => (await listed(cairn, '/shared')).get('many')?.size === 5 * names.length)
  t.not((await listed(cairn, '/')).get('shared')?.etag, before?.etag)
})

nfsTest(
  'snapshots are there to be read where they are switched on, and a share that went back shows as it is',
  async t => {
    const { cairn, scratch, v4 } = await startExported(t, { ...writable, snapshots: true })
    await writeFile(join(scratch, 'small'), 'small')
    await fetch(`${cairn.url}/webdav/shared/letter`, { method: 'PUT', body: 'first', headers })
    const { id } = (await cairn.api('POST', '/shares/shared/snapshots', {})).body
    await fetch(`${cairn.url}/webdav/shared/letter`, { method: 'PUT', body: 'second', headers })
    await eventually(async () => (await v4.list('/.snapshots/shared').catch(() => new Map())).has(id))
    t.is((await v4.cat(`/.snapshots/shared/${id}/letter`)).toString(), 'first')
    t.is((await v4.cat('/shared/letter')).toString(), 'second')
    await t.throwsAsync(v4.copyIn(join(scratch, 'small'), `/.snapshots/shared/${id}/new`))

    t.true((await cairn.api('POST', `/shares/shared/snapshots/${id}/restore`, {})).status < 300)
    await eventually(async () => (await v4.cat('/shared/letter').catch(() => '')).toString() === 'first')
    await v4.copyIn(join(scratch, 'small'), '/shared/after')
    await eventually(async () => (await listed(cairn, '/shared')).has('after'))

    t.is((await cairn.api('DELETE', `/shares/shared/snapshots/${id}`)).status, 204)
    await eventually(async () => !(await v4.list('/.snapshots/shared').catch(() => new Map())).has(id))
    t.true((await v4.list('/shared')).has('letter'))
  },
)

nfsTest('it is there again after a start, and nothing is left after a stop', async t => {
  const { cairn, scratch, v4 } = await startExported(t)
  await writeFile(join(scratch, 'small'), 'small')
  await v4.copyIn(join(scratch, 'small'), '/shared/small')
  const [path = ''] = exportPaths(cairn)
  t.true(path.length > 0)
  await cairn.stop()
  t.deepEqual(exportPaths(cairn), [])
  t.false(existsSync(path))
  t.is(nfsServerOf(cairn, engine), undefined)

  const again = await startCairn(t, { dataDir: cairn.dataDir, nfsPort: cairn.nfsPort, args: withEngine })
  await eventually(async () => await cairnIsServing(again))
  t.true((await v4.list('/shared')).has('small'))
  const agent = again.pids('agent.js')[0] ?? 0
  process.kill(agent, 'SIGKILL')
  await eventually(async () => again.pids('agent.js').length > 0 && again.pids('agent.js')[0] !== agent)
  await eventually(async () => cairnIsServing(again))
  t.true((await v4.list('/shared')).has('small'))
})

async function cairnIsServing(cairn: Cairn): Promise<boolean> {
  const { status, body } = await cairn.api('GET', '/nfs')
  return status === 200 && body.isRunning && body.problem === null
}

nfsTest('a port that is taken is told, and does not hold up anything else', async t => {
  const cairn = await startCairn(t, { args: [...claimed, ...withEngine] })
  const blocker = createServer().listen(cairn.nfsPort)
  t.teardown(() => blocker.close())
  const { status, body } = await cairn.api('PUT', '/shares/shared/nfs', writable)
  t.is(status, 200)
  t.regex(body.problem, /port .* in use/)
  const issue = async () =>
    ((await cairn.api('GET', '/health')).body.issues as { code: string }[]).find(({ code }) =>
      code.startsWith('shares/nfs'),
    )
  t.is((await issue())?.code, 'shares/nfs-port-taken')
  t.is((await fetch(`${cairn.url}/webdav/shared/x`, { method: 'PUT', body: 'x', headers })).status, 201)
  blocker.close()
  await eventually(async () => (await issue()) === undefined, 45_000)
  t.true((await nfsClient(cairn, 4).list('/shared')).has('x'))
})

nfsTest('a home is exported only when asked for, and ends with its account', async t => {
  const cairn = await startCairn(t, { args: [...claimed, ...withEngine] })
  const v4 = nfsClient(cairn, 4)
  await cairn.api('POST', '/users', { name: 'bob', password: 'Correct-horse-8', role: 'member' })
  t.is((await cairn.api('PUT', '/homes/nobody/nfs', writable)).status, 404)
  t.is((await cairn.api('PUT', '/homes/bob/nfs', writable)).body.problem, null)
  t.deepEqual([...(await v4.list('/')).keys()], ['bob'])
  await cairn.api('DELETE', '/users/bob')
  await eventually(async () => nfsServerOf(cairn, engine) === undefined)
  await t.throwsAsync(run('nfs-ls', [`nfs://127.0.0.1/?version=4&nfsport=${cairn.nfsPort}`]))
})

const ganeshaTest = engine === 'ganesha' ? nfsTest : () => undefined
ganeshaTest(
  'it works on as many requests at once as the tuning says, from a start of its own on',
  async t => {
    const { cairn, v4, share } = await startExported(t)
    await writeFile(join(share, 'here.txt'), 'here')
    const before = nfsServerOf(cairn, engine)
    const threads = () => /RPC_Ioq_ThrdMax = (\d+);/.exec(confOf(nfsServerOf(cairn, engine)))?.[1]
    t.is(threads(), undefined)
    t.is((await cairn.api('PUT', '/tuning/settings/nfs.threads', { value: '16' })).status, 204)
    const { status, body } = await cairn.api('POST', '/tuning/apply?name=nfs.threads')
    t.is(status, 202)
    await eventually(async () => threads() === '16')
    t.not(nfsServerOf(cairn, engine), before)
    // For twenty seconds only those who had something open may open it again.
    await eventually(async () => String(await v4.cat('/shared/here.txt').catch(() => '')) === 'here', 40_000)
    await cairn.api('DELETE', `/jobs/${body.job}`)
    await eventually(async () => nfsServerOf(cairn, engine) !== undefined && threads() === undefined)
  },
)

function confOf(pid: number | undefined): string {
  if (pid === undefined) return ''
  const path = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .find(arg => arg.endsWith('ganesha.conf'))
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : ''
}
