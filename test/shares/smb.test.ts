import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, open, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { run } from '../../appliance/lib/run.ts'
import { parseSmbStatus } from '../../appliance/shares/parse/smbstatus.ts'
import { makePlaces, placesOf } from '../../appliance/shares/system/places.ts'
import { isAccepting } from '../../appliance/shares/system/ports.ts'
import { sambaProcessesOf } from '../../appliance/shares/system/processes.ts'
import { accountsEnv } from '../../appliance/shares/system/programs.ts'
import { createSmbd } from '../../appliance/shares/system/smbd.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { startWorld, type World } from './world.ts'

const smbTest = testIf('root', 'btrfs', 'smbd', 'smbclient')
const alice = { name: 'alice', password: 'Alice-pass-1' }
const bob = { name: 'bob', password: 'Bob-pass-22 €%' }
type Person = typeof alice

async function worldOfTwo(t: ExecutionContext): Promise<World> {
  const world = await startWorld(t, { isReal: true })
  await world.users.create({ ...alice, role: 'admin' })
  await world.users.create(bob)
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  return world
}

/** What smbclient said; it exits 1 when any command failed. */
async function smb(world: World, who: Person, share: string, commands: string): Promise<string> {
  const target = `//127.0.0.1/${share}`
  const { stdout, stderr } = await run(
    ['smbclient', '-p', String(world.smbPort), target, '-U', `${who.name}%${who.password}`, '-c', commands],
    { expected: [1] },
  )
  return stdout + stderr
}

const pathIn = (world: World, share: string, ...names: string[]) =>
  join(world.box.poolsDir, 'pool', 'shares', share, ...names)

smbTest('files are put, read, renamed and deleted, and belong to the service account', async t => {
  const world = await worldOfTwo(t)
  const folder = await tempFolder(t)
  const bytes = randomBytes(3_000_000)
  await writeFile(join(folder, 'in'), bytes)
  await smb(
    world,
    alice,
    'shared',
    `put ${folder}/in "a ü.bin"; rename "a ü.bin" b.bin; mkdir sub; put ${folder}/in sub/c.bin; rm sub/c.bin`,
  )
  t.true(bytes.equals(await readFile(pathIn(world, 'shared', 'b.bin'))))
  await smb(world, bob, 'shared', `get b.bin ${folder}/out`)
  t.true(bytes.equals(await readFile(join(folder, 'out'))))
  const { stdout } = await run([
    'stat',
    '-c',
    '%u:%g %a',
    pathIn(world, 'shared', 'b.bin'),
    pathIn(world, 'shared', 'sub'),
  ])
  t.deepEqual(stdout.trim().split('\n'), ['2770:2770 640', '2770:2770 750'])
  t.regex(await smb(world, alice, 'shared', 'ls sub/c.bin'), /NO_SUCH_FILE/)
})

smbTest('nobody else gets in: strangers, wrong passwords, guests', async t => {
  const world = await worldOfTwo(t)
  t.regex(await smb(world, { ...alice, password: 'wrong' }, 'shared', 'ls'), /LOGON_FAILURE/)
  t.regex(await smb(world, { name: 'root', password: '' }, 'shared', 'ls'), /LOGON_FAILURE|ACCESS_DENIED/)
  t.regex(
    await smb(world, { name: 'cairn-service', password: '' }, 'shared', 'ls'),
    /LOGON_FAILURE|ACCESS_DENIED/,
  )
  const guest = await run(
    ['smbclient', '-N', '-p', String(world.smbPort), '//127.0.0.1/shared', '-c', 'ls'],
    { expected: [1] },
  )
  t.regex(guest.stdout + guest.stderr, /ACCESS_DENIED/)
})

smbTest('who may read cannot write, and who has no right does not get in', async t => {
  const world = await worldOfTwo(t)
  await world.shares.setGrants('shared', { users: { alice: 'write', bob: 'read' }, everyone: 'none' })
  await smb(world, alice, 'shared', 'mkdir there')
  t.regex(await smb(world, bob, 'shared', 'ls'), /there/)
  t.regex(await smb(world, bob, 'shared', 'mkdir mine'), /ACCESS_DENIED|MEDIA_WRITE_PROTECTED/)
  await world.shares.setGrants('shared', { users: { alice: 'write' } })
  t.regex(await smb(world, bob, 'shared', 'ls'), /ACCESS_DENIED/)
  await world.shares.setGrants('shared', {})
  t.regex(await smb(world, alice, 'shared', 'ls'), /BAD_NETWORK_NAME/)
})

smbTest('a grant through a group holds as long as one is in it', async t => {
  const world = await worldOfTwo(t)
  await world.users.groups.create({ name: 'team', members: ['bob'] })
  await world.shares.setGrants('shared', { groups: { team: 'write' }, everyone: 'none' })
  t.notRegex(await smb(world, bob, 'shared', 'mkdir mine'), /NT_STATUS/)
  await world.users.groups.setMembers('team', [])
  t.regex(await smb(world, bob, 'shared', 'ls'), /BAD_NETWORK_NAME|ACCESS_DENIED/)
})

smbTest('a home is its owner’s alone, and only those see a share who may enter it', async t => {
  const world = await worldOfTwo(t)
  await world.shares.create({ name: 'private', pool: 'pool' })
  await world.shares.setGrants('private', { users: { alice: 'read' } })
  t.notRegex(await smb(world, alice, 'alice', 'mkdir mine; ls'), /NT_STATUS/)
  t.regex(await smb(world, bob, 'alice', 'ls'), /ACCESS_DENIED/)
  const listed = async ({ name, password }: Person) => {
    const { stdout } = await run([
      'smbclient',
      '-g',
      '-p',
      String(world.smbPort),
      '-L',
      '//127.0.0.1',
      '-U',
      `${name}%${password}`,
    ])
    return [...stdout.matchAll(/^Disk\|([^|]+)/gm)].map(match => match[1]).sort()
  }
  t.deepEqual(await listed(alice), ['alice', 'private', 'shared'])
  t.deepEqual(await listed(bob), ['bob', 'shared'])
})

smbTest('a changed password holds at once, and a client cannot change it behind our back', async t => {
  const world = await worldOfTwo(t)
  await run(
    [
      'rpcclient',
      '-p',
      String(world.smbPort),
      '127.0.0.1',
      '-U',
      `${alice.name}%${alice.password}`,
      '-c',
      `chgpasswd3 alice ${alice.password} Hacked-pass-9`,
    ],
    { expected: [1] },
  )
  t.regex(await smb(world, { ...alice, password: 'Hacked-pass-9' }, 'shared', 'ls'), /LOGON_FAILURE/)
  await world.users.setPassword('alice', 'Changed-pass-3')
  t.regex(await smb(world, alice, 'shared', 'ls'), /LOGON_FAILURE/)
  t.notRegex(await smb(world, { ...alice, password: 'Changed-pass-3' }, 'shared', 'ls'), /NT_STATUS/)
  await world.users.remove('bob')
  t.regex(await smb(world, bob, 'shared', 'ls'), /LOGON_FAILURE/)
})

smbTest('a symbolic link leads nowhere, and .cairn is not there', async t => {
  const world = await worldOfTwo(t)
  await writeFile(join(world.box.folder, 'secret.txt'), 'secret', { mode: 0o644 })
  await symlink(join(world.box.folder, 'secret.txt'), pathIn(world, 'shared', 'link.txt'))
  await symlink(world.box.folder, pathIn(world, 'shared', 'link'))
  await writeFile(pathIn(world, 'shared', '.cairn', 'trash', 'old.txt'), 'old')
  const folder = await tempFolder(t)
  t.regex(await smb(world, alice, 'shared', `get link.txt ${folder}/out`), /NT_STATUS/)
  t.regex(await smb(world, alice, 'shared', 'cd link; ls'), /NT_STATUS/)
  t.notRegex(await smb(world, alice, 'shared', 'ls'), /\.cairn/)
  t.regex(await smb(world, alice, 'shared', 'cd .cairn; ls'), /NT_STATUS/)
  t.regex(await smb(world, alice, 'shared', `get .cairn/trash/old.txt ${folder}/out`), /NT_STATUS/)
  t.regex(await smb(world, alice, 'shared', 'mkdir .cairn/x'), /NT_STATUS/)
})

smbTest('earlier states are there under their @GMT- names, to be read and not written', async t => {
  const world = await worldOfTwo(t)
  await writeFile(pathIn(world, 'shared', 'a.txt'), 'first')
  const { id } = await world.box.storage.snapshots.create('pool', 'shares', 'shared')
  await writeFile(pathIn(world, 'shared', 'a.txt'), 'second and longer')
  const folder = await tempFolder(t)
  t.regex(await smb(world, alice, 'shared', 'allinfo a.txt'), new RegExp(id.replaceAll('.', '\\.')))
  t.regex(await smb(world, alice, 'shared', `ls ${id}\\a.txt`), /a\.txt\s+\w*\s+5 /)
  await smb(world, alice, 'shared', `get ${id}\\a.txt ${folder}/old`)
  t.is(await readFile(join(folder, 'old'), 'utf8'), 'first')
  t.regex(await smb(world, alice, 'shared', `rm ${id}\\a.txt`), /NT_STATUS/)
})

smbTest('no client reads or sets our extended attributes', async t => {
  const world = await worldOfTwo(t)
  await writeFile(pathIn(world, 'shared', 'a.txt'), 'a')
  await run(['setfattr', '-n', 'user.cairn.id', '-v', 'mine', pathIn(world, 'shared', 'a.txt')])
  t.notRegex(await smb(world, alice, 'shared', 'listea a.txt'), /cairn/i)
  await smb(world, alice, 'shared', 'setea a.txt cairn.id forged')
  const { stdout } = await run([
    'getfattr',
    '--only-values',
    '-n',
    'user.cairn.id',
    pathIn(world, 'shared', 'a.txt'),
  ])
  t.is(stdout, 'mine')
})

smbTest('changes of shares cut nobody, except from whom a right was taken', async t => {
  const world = await worldOfTwo(t)
  const folder = await tempFolder(t)
  const bytes = randomBytes(150_000_000)
  await writeFile(join(folder, 'big'), bytes)
  const put = smb(world, alice, 'shared', `put ${folder}/big big.bin`)
  for (let i = 0; i < 4; i++) {
    await world.shares.create({ name: `extra ${i}`, pool: 'pool' })
    await world.shares.setGrants('shared', { users: { bob: i % 2 ? 'read' : 'none' } })
  }
  t.notRegex(await put, /NT_STATUS/)
  const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex')
  t.is(digest(await readFile(pathIn(world, 'shared', 'big.bin'))), digest(bytes))
})

smbTest('a revoked grant cuts the connection that is open, and nobody else’s', async t => {
  const world = await worldOfTwo(t)
  const bobs = await holdOpen(t, world, bob, 'shared')
  const alices = await holdOpen(t, world, alice, 'shared')
  await world.shares.setGrants('shared', { users: { bob: 'none' } })
  await eventually(async () => !(await connectedUsers(world, 'shared')).includes('bob'))
  bobs.type('mkdir late\n')
  alices.type('mkdir fine\nls\n')
  t.regex(await bobs.end(), /NT_STATUS/)
  const said = await alices.end()
  t.regex(said, /fine/)
  t.notRegex(said, /late|NT_STATUS/)
})

smbTest('a right that shrank to reading holds for the connection that is open', async t => {
  const world = await worldOfTwo(t)
  const open = await holdOpen(t, world, bob, 'shared')
  await world.shares.setGrants('shared', { everyone: 'read' })
  open.type('mkdir late\n')
  t.regex(await open.end(), /NT_STATUS/)
  t.notRegex(await smb(world, alice, 'shared', 'ls'), /late/)
})

smbTest('a password that changed ends the connections it opened', async t => {
  const world = await worldOfTwo(t)
  const open = await holdOpen(t, world, bob, 'shared')
  await world.users.setPassword('bob', 'Changed-pass-3')
  await eventually(async () => !(await connectedUsers(world, 'shared')).includes('bob'))
  open.type('mkdir late\n')
  await open.end()
  t.notRegex(await smb(world, alice, 'shared', 'ls'), /late/)
})

smbTest('smbd that was killed comes back, and all is well again', async t => {
  const world = await worldOfTwo(t)
  const [first] = await sambaProcessesOf(join(world.config.runDir, 'smb', 'etc', 'smb.conf'))
  if (first === undefined) return t.fail('smbd does not run')
  process.kill(first, 'SIGKILL')
  await eventually(async () => !/NT_STATUS/.test(await smb(world, alice, 'shared', 'ls')))
  t.deepEqual(await issuesOf(world), [])
})

smbTest('what an agent that was killed has left is ended before a new smbd starts', async t => {
  const world = await worldOfTwo(t)
  const conf = join(world.config.runDir, 'smb', 'etc', 'smb.conf')
  await world.stop()
  const killed = createSmbd({ places: placesOf(world.config), log: silentLog })
  await killed.start()
  const left = await sambaProcessesOf(conf)
  const next = createSmbd({ places: placesOf(world.config), log: silentLog })
  await next.start()
  const now = await sambaProcessesOf(conf)
  t.deepEqual(
    now.filter(pid => left.includes(pid)),
    [],
  )
  await killed.stop()
  await next.stop()
  t.deepEqual(await sambaProcessesOf(conf), [])
})

smbTest('an smbd that takes long to start is left alone, and read anew once it has started', async t => {
  const world = await worldOfTwo(t)
  const places = placesOf(world.config)
  const [passwd, group] = await Promise.all([readFile(places.passwd), readFile(places.group)])
  await world.stop()
  await makePlaces(world.config)
  await Promise.all([writeFile(places.passwd, passwd), writeFile(places.group, group)])
  const folder = await tempFolder(t)
  const rest = join(folder, 'rest.conf')
  await run(['mkfifo', rest])
  await appendFile(places.conf, `[global]\ninclude = ${rest}\n`)
  const smbd = createSmbd({ places, log: silentLog })
  t.teardown(() => smbd.stop())
  // It reads its configuration before it listens, and waits as long as nobody has begun to write this part of it.
  await smbd.start()
  const reloaded = smbd.reload()
  const writer = await open(rest, 'w')
  await writeFile(join(folder, 'written'), '[global]\n')
  await rename(join(folder, 'written'), rest)
  await writer.close()
  await reloaded
  t.true(await isAccepting(places.port))
  t.is((await smbd.status()).restarts, 0)
})

smbTest('two boxes side by side keep to themselves', async t => {
  const one = await worldOfTwo(t)
  const other = await startWorld(t, { isReal: true })
  await other.users.create({ name: 'alice', password: 'Other-pass-1', role: 'admin' })
  await other.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  await smb(one, alice, 'shared', 'mkdir of-one')
  t.regex(await smb(other, alice, 'shared', 'ls'), /LOGON_FAILURE/)
  t.notRegex(await smb(other, { ...alice, password: 'Other-pass-1' }, 'shared', 'ls'), /of-one|NT_STATUS/)
  await other.stop()
  t.regex(await smb(one, alice, 'shared', 'ls'), /of-one/)
})

smbTest('a port that is taken is said, breaks nothing else, and is used once it is free', async t => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  const address = other.address()
  const smbPort = typeof address === 'object' && address ? address.port : 0
  const world = await startWorld(t, { isReal: true, smbPort })
  await world.users.create({ ...alice, role: 'admin' })
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  t.deepEqual(
    (await issuesOf(world)).map(issue => issue.code),
    ['shares/smb-port-taken'],
  )
  other.close()
  await once(other, 'close')
  // smbd is tried again ever more slowly.
  await eventually(async () => !/NT_STATUS/.test(await smb(world, alice, 'shared', 'ls')), 60_000)
  await eventually(async () => (await issuesOf(world)).length === 0, 60_000)
  t.pass()
})

smbTest('a share whose pool went away is closed, not empty', async t => {
  const world = await worldOfTwo(t)
  await smb(world, alice, 'shared', 'mkdir there')
  await run(['umount', join(world.box.poolsDir, 'pool')])
  await world.shares.setGrants('shared', { users: { alice: 'write' } })
  t.regex(await smb(world, alice, 'shared', 'ls'), /BAD_NETWORK_NAME/)
})

async function issuesOf(world: World) {
  return (await Promise.all((world.shares.domain.checks ?? []).map(check => check()))).flat()
}

interface OpenConnection {
  type(text: string): void
  /** All that was said, once the connection has ended by itself or for want of more to type. */
  end(): Promise<string>
}

/** An interactive client that is connected, and goes on doing nothing. */
async function holdOpen(
  t: ExecutionContext,
  world: World,
  who: Person,
  share: string,
): Promise<OpenConnection> {
  const target = `//127.0.0.1/${share}`
  const child = spawn(
    'smbclient',
    ['-p', String(world.smbPort), target, '-U', `${who.name}%${who.password}`],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  t.teardown(() => void child.kill())
  child.stdin.on('error', () => t.log('the client has ended'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  await eventually(async () => (await connectedUsers(world, share)).includes(who.name))
  return {
    type: text => void child.stdin.write(text),
    async end() {
      child.stdin.end()
      await once(child, 'close')
      return said
    },
  }
}

async function connectedUsers(world: World, share: string): Promise<string[]> {
  const places = placesOf(world.config)
  const { stdout } = await run(['smbstatus', '-s', places.conf, '--json'], { env: accountsEnv(places) })
  return parseSmbStatus(stdout)
    .trees.filter(tree => tree.share === share)
    .map(tree => tree.user)
}
