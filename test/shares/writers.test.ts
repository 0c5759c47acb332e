import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Clock } from '../../appliance/lib/clock.ts'
import { createLetGo } from '../../appliance/lib/let-go.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { run } from '../../appliance/lib/run.ts'
import { parseSessionLine } from '../../appliance/shares/parse/session-line.ts'
import { renderSessionNote } from '../../appliance/shares/render/session-note.ts'
import { createSharesOperations } from '../../appliance/shares/system/index.ts'
import { placesOf } from '../../appliance/shares/system/places.ts'
import { sambaProcessesOf } from '../../appliance/shares/system/processes.ts'
import { createSmbSessions } from '../../appliance/shares/system/smb-sessions.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { fakeClock } from '../helpers/people.ts'
import { tempFolder } from '../helpers/temp.ts'
import { startWorld, type World } from './world.ts'

const smbTest = testIf('root', 'btrfs', 'smbd', 'smbclient')
const alice = { name: 'alice', password: 'Alice-pass-1' }
const bob = { name: 'bob', password: 'Bob-pass-22' }
type Person = typeof alice

async function worldOfTwo(t: ExecutionContext): Promise<World> {
  const world = await startWorld(t, { isReal: true })
  await world.users.create({ ...alice, role: 'admin' })
  await world.users.create(bob)
  await world.shares.create({ name: 'Our files', pool: 'pool', everyone: 'write' })
  return world
}

interface Connected {
  pid: number
  say(command: string): void
  leave(): Promise<void>
}

/** Somebody who stays connected, and the smbd process that serves them. */
async function connect(
  t: ExecutionContext,
  world: World,
  { who, share, machine }: { who: Person; share: string; machine?: string },
): Promise<Connected> {
  const conf = placesOf(world.config).conf
  const before = new Set(await sambaProcessesOf(conf))
  const args = ['-p', String(world.smbPort), `//127.0.0.1/${share}`, '-U', `${who.name}%${who.password}`]
  const child = spawn('smbclient', [...args, ...(machine ? ['-n', machine] : [])], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const gone = once(child, 'exit')
  const leave = async () => {
    child.stdin.end()
    await gone
  }
  t.teardown(leave)
  let pid: number | undefined
  await eventually(async () => {
    pid = (await sambaProcessesOf(conf)).find(one => !before.has(one))
    return pid !== undefined && (await sessionsIn(world)).some(one => one.pid === pid)
  })
  return { pid: pid ?? 0, say: command => void child.stdin.write(`${command}\n`), leave }
}

async function sessionsIn(world: World) {
  const text = await readFile(placesOf(world.config).sessionLog, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => parseSessionLine(line) ?? [])
}

smbTest('a process of smbd is whoever signed in, from where, also after they left', async t => {
  const world = await worldOfTwo(t)
  const one = await connect(t, world, { who: alice, share: 'Our files' })
  const other = await connect(t, world, { who: bob, share: 'bob' })
  const now = await world.shares.writersOf([one.pid, other.pid])
  t.like(now.get(one.pid), { face: 'smb', user: 'alice', address: '127.0.0.1' })
  t.like(now.get(other.pid), { face: 'smb', user: 'bob', address: '127.0.0.1' })
  await one.leave()
  await eventually(async () => !existsSync(`/proc/${one.pid}`))
  const [later] = await world.agent.call('shares/writers-of', { pids: [one.pid] })
  t.like(later, { face: 'smb', user: 'alice', address: '127.0.0.1' })
})

smbTest('who connects, writes and leaves at once is known all the same', async t => {
  const world = await worldOfTwo(t)
  const target = '//127.0.0.1/Our files'
  const args = ['-p', String(world.smbPort), target, '-U', `${bob.name}%${bob.password}`]
  await run(['smbclient', ...args, '-c', 'mkdir made'])
  const [begin] = await sessionsIn(world)
  t.like(begin, { user: 'bob', share: 'Our files', isBegin: true })
  const pid = begin?.pid ?? 0
  await eventually(async () => !existsSync(`/proc/${pid}`))
  t.like((await world.shares.writersOf([pid])).get(pid), { face: 'smb', user: 'bob' })
})

smbTest('a hostile name of a machine or an account runs nothing and invents nobody', async t => {
  const world = await worldOfTwo(t)
  const folder = await tempFolder(t)
  const trap = join(folder, 'trap')
  const hostile = [
    `x';touch ${trap};'`,
    `$(touch ${trap})`,
    `\`touch ${trap}\``,
    `a\n+\t1\troot\t::1\tx\ty`,
    `a\t+\t1\tadmin`,
    `%U%S%d`,
    `"|touch ${trap}|"`,
    `\\';touch ${trap};#`,
  ]
  for (const name of hostile) {
    const target = '//127.0.0.1/Our files'
    const signed = ['-p', String(world.smbPort), target, '-U', `${alice.name}%${alice.password}`, '-c', 'ls']
    await run(['smbclient', '-n', name, ...signed], { expected: [1] })
    await run(['smbclient', '-p', String(world.smbPort), target, '-U', `${name}%x`, '-c', 'ls'], {
      expected: [1],
    })
    await run(['smbclient', ...signed, '-W', name.slice(0, 15)], { expected: [1] })
  }
  t.false(existsSync(trap))
  const text = await readFile(placesOf(world.config).sessionLog, 'utf8')
  const lines = text.trim().split('\n')
  t.true(lines.length > hostile.length)
  for (const line of lines) t.like(parseSessionLine(line), { user: 'alice', share: 'Our files' }, line)
})

smbTest('an agent that was started again learns of those who are connected from smbstatus', async t => {
  const world = await worldOfTwo(t)
  const one = await connect(t, world, { who: alice, share: 'Our files' })
  const again = createSharesOperations({
    config: world.config,
    log: silentLog,
    parts: createParts(silentLog),
    letGo: createLetGo(silentLog),
  })
  await writeFile(placesOf(world.config).sessionLog, '')
  const [found] = await again['shares/writers-of'].run({ pids: [one.pid] }, context)
  t.like(found, { face: 'smb', user: 'alice', address: '127.0.0.1' })
})

const context = { signal: new AbortController().signal, report: () => undefined, send: () => undefined }

const rootTest = testIf('root')

/** A process that is nobody's child any more, under this account. */
async function orphan(t: ExecutionContext, uid: number): Promise<number> {
  const drop = `setpriv --reuid=${uid} --regid=${uid} --clear-groups`
  const { stdout } = await run(['sh', '-c', `setsid ${drop} sleep 60 >/dev/null 2>&1 & echo $!`])
  const pid = Number(stdout)
  t.teardown(() => void process.kill(pid))
  await eventually(async () => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith('sleep'))
  return pid
}

rootTest('other processes are ours, or programs of the box by their account', async t => {
  const world = await startWorld(t)
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  t.teardown(() => void child.kill())
  const [ours, daemon, root, unnamed] = [
    await orphan(t, 2770),
    await orphan(t, 1),
    await orphan(t, 0),
    await orphan(t, 54_321),
  ]
  const gone = 4_194_303
  const found = await world.shares.writersOf([
    process.pid,
    child.pid ?? 0,
    ours,
    daemon,
    root,
    unnamed,
    gone,
    0,
  ])
  t.is(found.get(process.pid)?.face, 'server')
  t.is(found.get(child.pid ?? 0)?.face, 'server')
  t.is(found.get(ours)?.face, 'server')
  t.like(found.get(daemon), { face: 'box', user: 'daemon' })
  t.like(found.get(root), { face: 'box', user: 'root' })
  t.like(found.get(unnamed), { face: 'box', user: '54321' })
  t.like(found.get(gone), { face: 'box', user: null })
  t.false(found.has(0))
})

test('a line of the session log that is none is no session', t => {
  t.deepEqual(parseSessionLine('+\t12\talice\t::ffff:192.0.2.7\tpc\tOur files'), {
    isBegin: true,
    pid: 12,
    user: 'alice',
    address: '192.0.2.7',
    machine: 'pc',
    share: 'Our files',
  })
  for (const bad of [
    '',
    '+',
    '*\t1\ta\tb\tc\td',
    '+\t-1\ta\tb\tc\td',
    '+\t1\ta\tb\tc\td\te',
    '+\t1\ta\x07\tb\tc\td',
  ])
    t.is(parseSessionLine(bad), undefined, JSON.stringify(bad))
})

test('what stands in an argument reaches the log as text, whatever it is', async t => {
  const folder = await tempFolder(t)
  const log = join(folder, 'log')
  const note = join(folder, 'note')
  await writeFile(note, renderSessionNote(log), { mode: 0o700 })
  const hostile = `$(touch ${folder}/trap)\`id\`;%s%n\\n'"`
  await run([note, '+', '7', 'alice', '192.0.2.1', hostile, 'shared'])
  for (const machine of ['a\n+\t1\troot\t::1\tx\ty', 'a\tb', 'a\rb'])
    await run([note, '+', '8', 'alice', '192.0.2.1', machine, 'shared'])
  await run([note, '-', '7', 'alice', '192.0.2.1', 'Bürö', 'Föten'])
  t.is(
    await readFile(log, 'utf8'),
    `+\t7\talice\t192.0.2.1\t${hostile}\tshared\n-\t7\talice\t192.0.2.1\tBürö\tFöten\n`,
  )
  t.false(existsSync(join(folder, 'trap')))
})

test('sessions are kept for some minutes, the latest process of a number counts, and the log stays short', async t => {
  const log = join(await tempFolder(t), 'log')
  const clock: Clock & { advance(ms: number): void } = fakeClock()
  const sessions = createSmbSessions({ log, clock })
  let told = ''
  const tell = async (...lines: string[]) => {
    told += lines.map(line => `${line}\n`).join('')
    await writeFile(log, told)
    sessions.read()
  }
  sessions.read()
  const pid = 4_194_304
  await tell(`+\t${pid}\talice\t192.0.2.1\tpc\tshared`, `+\t${pid}\talice\t192.0.2.1\tpc\tmedia`)
  await tell(`-\t${pid}\talice\t192.0.2.1\tpc\tshared`)
  t.deepEqual(sessions.of(pid), { user: 'alice', address: '192.0.2.1', machine: 'pc' })
  await tell(`+\t${pid}\tbob\t192.0.2.1\tpc\tbob`)
  t.is(sessions.of(pid)?.user, null)
  await tell(`-\t${pid}\tbob\t192.0.2.1\tpc\tbob`, `-\t${pid}\talice\t192.0.2.1\tpc\tmedia`)
  await tell(`+\t${pid}\tcarol\t192.0.2.3\tmac\tshared`)
  t.is(sessions.of(pid)?.user, 'carol')
  clock.advance(61_000)
  sessions.read()
  t.is(sessions.of(pid)?.user, 'carol')
  clock.advance(11 * 60_000)
  sessions.read()
  t.is(sessions.of(pid), undefined)
  await tell(...Array.from({ length: 9_000 }, (_, index) => `+\t${index + 1}\tdave\t192.0.2.4\tpc\tshared`))
  t.false(existsSync(log))
  told = ''
  await tell(`+\t${pid}\terin\t192.0.2.5\tpc\tshared`)
  t.is(sessions.of(pid)?.user, 'erin')
  t.is(sessions.of(9_000)?.user, 'dave')
})
