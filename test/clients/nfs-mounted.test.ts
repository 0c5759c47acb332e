import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { parseMountinfo } from '../../appliance/lib/mountinfo.ts'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { indexedIn, nfsClient, testedEngine } from '../helpers/nfs.ts'
import { tempFolder } from '../helpers/temp.ts'

const run = promisify(execFile)
const dev = join(import.meta.dirname, '..', '..', 'scripts', 'dev.ts')
const mountedTest = testIf('root', 'btrfs', testedEngine.need, 'nfsMount', 'libnfs', 'smbd')
const withEngine = ['--nfs-engine', testedEngine.name]
const headers = { authorization: basic(admin) }
const sum = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

interface Mounted {
  cairn: Cairn
  /** Where Linux' own client has the share. */
  client: string
  share: string
}

async function startMounted(t: ExecutionContext, address: string, enter: string[] = []): Promise<Mounted> {
  const cairn = await startCairn(t, { args: [...claimed, ...withEngine] })
  await allow(t, cairn, ['127.0.0.1', '10.231.77.0/30'])
  return mounted(t, cairn, address, enter)
}

async function allow(t: ExecutionContext, cairn: Cairn, clients: string[]) {
  const { body } = await cairn.api('PUT', '/shares/shared/nfs', { clients, access: 'write' })
  t.is(body.problem, null)
}

async function mounted(
  t: ExecutionContext,
  cairn: Cairn,
  address: string,
  enter: string[],
): Promise<Mounted> {
  const client = await tempFolder(t)
  const [program = '', ...args] = [...enter, 'mount', '-t', 'nfs', '-o', optionsFor(cairn)]
  await run(program, [...args, `${address}:/shared`, client])
  t.teardown(() => run('umount', ['--force', '--lazy', client]).catch(() => undefined))
  return { cairn, client, share: join(cairn.dataDir, 'pools/pool/shares/shared') }
}

/** As the page says, and gives up where it is not let in and where the machine is cut off. */
const optionsFor = ({ nfsPort }: Cairn) =>
  `vers=4,port=${nfsPort},lookupcache=none,soft,timeo=20,retrans=1,retry=0`

const dav = (cairn: Cairn, method: string, name: string, body?: Uint8Array | string) =>
  fetch(`${cairn.url}/webdav/shared/${name}`, { method, headers, ...(body === undefined ? {} : { body }) })

async function propertiesOf(cairn: Cairn, path: string): Promise<string> {
  const url = `${cairn.url}/webdav/shared/${path}`
  return (await fetch(url, { method: 'PROPFIND', headers: { ...headers, depth: '0' } })).text()
}

mountedTest('a Linux machine mounts a share, and what it does there shows everywhere', async t => {
  const { cairn, client, share } = await startMounted(t, '127.0.0.1')
  const etagOf = async (name: string) => (await dav(cairn, 'HEAD', name)).headers.get('etag')
  const textOf = async (name: string) => (await dav(cairn, 'GET', name)).text()
  const bytes = randomBytes(20_000_000)
  await mkdir(join(client, 'a folder'))
  await writeFile(join(client, 'a folder/large ö'), bytes)
  t.is((await stat(join(client, 'a folder/large ö'))).uid, 2770)
  await eventually(async () => (await etagOf('a%20folder/large%20%C3%B6')) !== null)
  const overDav = await dav(cairn, 'GET', 'a%20folder/large%20%C3%B6')
  t.is(sum(new Uint8Array(await overDav.arrayBuffer())), sum(bytes))

  await writeFile(join(client, 'letter'), 'first')
  await eventually(async () => (await textOf('letter')) === 'first')
  const first = await etagOf('letter')
  await writeFile(join(client, 'letter'), 'second')
  await eventually(async () => ![first, null].includes(await etagOf('letter')))
  t.is(await textOf('letter'), 'second')
  await rename(join(client, 'letter'), join(client, 'a folder/renamed'))
  await eventually(async () => (await dav(cairn, 'GET', 'letter')).status === 404)
  t.is(await textOf('a%20folder/renamed'), 'second')
  await rm(join(client, 'a folder'), { recursive: true })
  await eventually(async () => (await dav(cairn, 'GET', 'a%20folder/renamed')).status === 404)
  const { items } = (await cairn.api('GET', '/trash?path=/shared')).body
  t.deepEqual(items, [], 'neither what was overwritten nor what was deleted is kept')

  t.is((await dav(cairn, 'PUT', 'web', 'from the web')).status, 201)
  t.is(await readFile(join(client, 'web'), 'utf8'), 'from the web')
  t.is((await dav(cairn, 'PUT', 'web', 'from the web again')).status, 204)
  t.is(await readFile(join(client, 'web'), 'utf8'), 'from the web again')
  t.deepEqual(await readdir(client), (await readdir(share)).toSorted())
  const refused = await t.throwsAsync<NodeJS.ErrnoException>(readdir(join(client, '.cairn')))
  t.is(refused?.code, 'EACCES')
})

mountedTest('2,000 files that a Linux machine writes show in the index and in the folder etags', async t => {
  const { cairn, client } = await startMounted(t, '127.0.0.1')
  await mkdir(join(client, 'many'))
  const topEtag = async () => /getetag>([^<]+)/.exec(await propertiesOf(cairn, ''))?.[1]
  await eventually(async () => (await propertiesOf(cairn, 'many/')).includes('getetag'))
  const before = await topEtag()
  const numbers = Array.from({ length: 2_000 }, (_, number) => number)
  const writing = numbers.values()
  const write = async () => {
    for (const number of writing) await writeFile(join(client, 'many', `file ${number}`), 'small')
  }
  await Promise.all(Array.from({ length: 4 }, write))
  // The top, the folder and what is in it.
  await eventually(async () => (await indexedIn(cairn, 'shared')) === numbers.length + 2, 60_000)
  await eventually(async () => (await topEtag()) !== before)
})

mountedTest(
  'what a Linux machine has open for writing is not replaced, and ids are not its to see',
  async t => {
    const { cairn, client } = await startMounted(t, '127.0.0.1')
    const file = await open(join(client, 'open'), 'w')
    await file.write('by NFS')
    await file.sync()
    await eventually(async () => (await dav(cairn, 'GET', 'open')).status === 200)
    t.is((await dav(cairn, 'PUT', 'open', 'by the web')).status, 423)
    await file.close()
    await eventually(async () => (await dav(cairn, 'PUT', 'open', 'by the web')).status === 204)
    t.is(await readFile(join(client, 'open'), 'utf8'), 'by the web')

    const path = join(client, 'open')
    const forged = run('setfattr', ['-n', 'user.cairn.id', '-v', 'forged', path])
    await t.throwsAsync(forged, { message: /not supported|not permitted|denied/ })
    const { stdout } = await run('getfattr', ['-d', path]).catch(() => ({ stdout: '' }))
    t.is(stdout, '')
  },
)

mountedTest('a machine that vanished while it had a file open holds up nobody else', async t => {
  const { enter, cut } = await machineApart(t)
  const { cairn, client } = await startMounted(t, '10.231.77.1', enter)
  t.is((await dav(cairn, 'PUT', 'read', 'first')).status, 201)
  const reader = spawn('sh', ['-c', 'exec 8<"$1"; head -c 5 <&8; exec sleep 600', 'sh', join(client, 'read')])
  t.teardown(() => reader.kill('SIGKILL'))
  const [read] = await once(reader.stdout, 'data')
  t.is(String(read), 'first')
  await cut()
  const startedAt = Date.now()
  const replacing = dav(cairn, 'PUT', 'read', 'second')
  t.is((await dav(cairn, 'PUT', 'other', 'other')).status, 201)
  const otherMs = Date.now() - startedAt
  t.log(`the other file was written after ${otherMs} ms`)
  t.true(otherMs < 5_000)
  // The kernel has lent it to that machine, and lends no longer to one of which it hears nothing.
  t.true([204, 423].includes((await replacing).status))
  await eventually(async () => (await dav(cairn, 'PUT', 'read', 'second')).status === 204, 60_000)
  t.log(`the file was replaced after ${Date.now() - startedAt} ms`)
})

mountedTest('a machine is let in by its IPv6 address or network, and no other is', async t => {
  const { enter } = await machineApart(t)
  const cairn = await startCairn(t, { args: [...claimed, ...withEngine] })
  await allow(t, cairn, ['fd77::2'])
  const { client, share } = await mounted(t, cairn, '[fd77::1]', enter)
  await writeFile(join(client, 'six'), 'by IPv6')
  t.is(await readFile(join(share, 'six'), 'utf8'), 'by IPv6')
  t.deepEqual((await cairn.api('GET', '/nfs')).body.connected, ['fd77::2'])
  await t.throwsAsync(mounted(t, cairn, '10.231.77.1', enter), { message: /mount/ })
  await t.throwsAsync(mounted(t, cairn, '[::1]', []), { message: /mount/ })
  await run('umount', [client])

  await allow(t, cairn, ['fd77:0:0:1::/64', '10.231.77.1'])
  await t.throwsAsync(mounted(t, cairn, '[fd77::1]', enter), { message: /mount/ })
  await allow(t, cairn, ['fd77::/64'])
  const again = await mounted(t, cairn, '[fd77::1]', enter)
  t.is(await readFile(join(again.client, 'six'), 'utf8'), 'by IPv6')
})

mountedTest('a pool is not mounted anew under a machine that has a file of it open', async t => {
  const cairn = await startDegraded(t)
  const { client } = await mounted(t, cairn, '127.0.0.1', [])
  const file = await open(join(client, 'held'), 'w')
  await file.write('before ')
  await file.sync()
  await putDiskBack(cairn)
  await eventually(async () => (await stateOf(cairn)) === 'healthy', 60_000)
  t.true(isMountedDegraded(cairn), 'the disk was filled anew instead')
  await file.write('and after')
  await file.close()
  await eventually(async () => (await (await dav(cairn, 'GET', 'held')).text()) === 'before and after')
})

mountedTest('a pool is mounted anew although a machine that vanished had a file of it open', async t => {
  const { enter, cut } = await machineApart(t)
  const cairn = await startDegraded(t)
  const { client } = await mounted(t, cairn, '10.231.77.1', enter)
  const script = 'exec 8>"$1"; echo held >&8; sync "$1"; echo written; exec sleep 600'
  const writer = spawn('sh', ['-c', script, 'sh', join(client, 'held')])
  t.teardown(() => writer.kill('SIGKILL'))
  t.is(String((await once(writer.stdout, 'data'))[0]), 'written\n')
  await cut()
  // As the server's own patience would, after minutes.
  await run('ss', ['--kill', 'dst', '10.231.77.2'])
  await eventually(async () => (await cairn.api('GET', '/nfs')).body.connected.length === 0)
  await putDiskBack(cairn)
  await eventually(async () => (await stateOf(cairn)) === 'healthy', 60_000)
  t.false(isMountedDegraded(cairn))
  const { body } = await cairn.api('GET', '/jobs')
  t.false(JSON.stringify(body).includes('storage/replace'))
  const v4 = nfsClient(cairn, 4)
  await eventually(async () => (await v4.cat('/shared/held').catch(() => '')).toString() === 'held\n', 60_000)
})

/** Runs with a disk less than its pool has, and exports. */
async function startDegraded(t: ExecutionContext): Promise<Cairn> {
  const first = await startCairn(t, { args: [...claimed, ...withEngine] })
  await allow(t, first, ['127.0.0.1', '10.231.77.0/30'])
  await run(process.execPath, [dev, 'disk', 'pull', '1', '--data', first.dataDir])
  await first.stop()
  const { dataDir, nfsPort } = first
  const cairn = await startCairn(t, { dataDir, nfsPort, args: withEngine })
  await eventually(async () => (await cairn.api('GET', '/nfs')).body.isRunning)
  t.is(await stateOf(cairn), 'degraded')
  t.true(isMountedDegraded(cairn))
  return cairn
}

const putDiskBack = ({ dataDir }: Cairn) =>
  run(process.execPath, [dev, 'disk', 'put', '1', '--data', dataDir])

async function stateOf(cairn: Cairn): Promise<string> {
  return (await cairn.api('GET', '/pools')).body[0].state
}

/** It says for as long as it is mounted that a disk was missing then. */
function isMountedDegraded({ dataDir }: Cairn): boolean {
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
  const pool = mounts.findLast(({ place }) => place === join(dataDir, 'pools/pool'))
  return pool?.superOptions.includes('degraded') ?? false
}

/** A network of its own, connected by a cable that can be cut. */
async function machineApart(t: ExecutionContext): Promise<{ enter: string[]; cut(): Promise<void> }> {
  const name = `cairn-${process.pid}`
  const here = `ch${process.pid}`
  const there = `ct${process.pid}`
  await run('ip', ['netns', 'add', name])
  t.teardown(() => run('ip', ['netns', 'delete', name]))
  await run('ip', ['link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name])
  t.teardown(() => run('ip', ['link', 'delete', here]).catch(() => undefined))
  for (const command of [
    ['address', 'add', '10.231.77.1/30', 'dev', here],
    ['address', 'add', 'fd77::1/64', 'dev', here, 'nodad'],
    ['link', 'set', here, 'up'],
    ['-n', name, 'address', 'add', '10.231.77.2/30', 'dev', there],
    ['-n', name, 'address', 'add', 'fd77::2/64', 'dev', there, 'nodad'],
    ['-n', name, 'link', 'set', there, 'up'],
  ])
    await run('ip', command)
  return {
    enter: ['nsenter', `--net=/run/netns/${name}`],
    cut: async () => void (await run('ip', ['link', 'set', here, 'down'])),
  }
}
