import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { run } from '../../appliance/lib/run.ts'
import { parseSshKey } from '../../appliance/network/parse/ssh-key.ts'
import { createSsh } from '../../appliance/network/service/ssh.ts'
import { createSshOperations } from '../../appliance/network/system/ssh.ts'
import { createSettings, systemMigrations } from '../../appliance/system/store.ts'
import { tempFolder } from '../helpers/temp.ts'

/** A box whose sshd is no more than what was asked of it. */
async function box(t: ExecutionContext, given: { isImage?: boolean } = {}) {
  const folder = await tempFolder(t)
  const path = (name: string) => join(folder, name)
  const asked: string[] = []
  const state = { isRunning: false, isBroken: false }
  const operations = createSshOperations({
    bootFolder: given.isImage === false ? null : folder,
    keyFile: path('kept/authorized_keys'),
    async systemctl(verb = '', ...args) {
      if (verb === 'is-active') return { code: state.isRunning ? 0 : 3 }
      if (state.isBroken) throw new Error('sshd does not start')
      asked.push([verb, ...args].join(' '))
      state.isRunning = verb === 'start'
      return { code: 0 }
    },
  })
  const database = await openDatabase(path('cairn.db'))
  t.teardown(() => database.destroy())
  await migrateDatabase(database, systemMigrations)
  const agent = createLocalAgent(operations as never, silentLog)
  const deps = { agent, settings: createSettings(database), events: createEvents(), log: silentLog }
  const kept = () => readFile(path('kept/authorized_keys'), 'utf8').catch(() => null)
  return { path, asked, state, agent, ssh: createSsh(deps), again: () => createSsh(deps), kept }
}

/** A key pair; the public one, and its fingerprint by ssh-keygen itself. */
async function keyPair(t: ExecutionContext, ...type: string[]) {
  const path = join(await tempFolder(t), 'key')
  await run(['ssh-keygen', '-q', '-N', '', '-C', 'ann@laptop', '-f', path, ...type])
  const { stdout } = await run(['ssh-keygen', '-l', '-f', `${path}.pub`])
  const line = (await readFile(`${path}.pub`, 'utf8')).trim()
  return { line, fingerprint: stdout.split(' ')[1], secret: await readFile(path, 'utf8') }
}

test('keys of every kind are known by their line, and have the fingerprint that ssh-keygen shows', async t => {
  const kinds = [
    ['-t', 'ed25519'],
    ['-t', 'ecdsa', '-b', '384'],
    ['-t', 'rsa', '-b', '2048'],
  ]
  for (const kind of kinds) {
    const { ssh } = await box(t)
    const { line, fingerprint } = await keyPair(t, ...kind)
    t.like(await ssh.add(`  ${line}\n`), { fingerprint, comment: 'ann@laptop', type: line.split(' ')[0] })
  }
})

test('what is no public key is refused, and why', async t => {
  const { line, secret } = await keyPair(t, '-t', 'ed25519')
  const [type = '', body = ''] = line.split(' ')
  const short = await keyPair(t, '-t', 'rsa', '-b', '1024')
  const wrong: [text: string, why: RegExp][] = [
    ['', /no public key/],
    [secret, /private key/],
    [`${line}\n${line}`, /more than one line/],
    [`command="rm -rf /" ${line}`, /no public key/],
    [`${type} ${body.slice(0, -8)}`, /cut off/],
    [`ssh-rsa ${body}`, /cut off/],
    [`ssh-dss ${body}`, /no public key/],
    [short.line, /2048 bits/],
  ]
  const { ssh, asked } = await box(t)
  for (const [text, why] of wrong) {
    t.regex(String(parseSshKey(text)), why)
    await t.throwsAsync(ssh.add(text), { code: 'network/ssh-key' }, text)
  }
  t.deepEqual(asked, [])
})

test('a comment is one line, whatever was pasted', t => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFbCZq3u8C1kQ0r3N4xw8mJg2g3V4P0hVqf0h2X3b9aa'
  t.like(parseSshKey(`${key} ann\u0000\u202e laptop `), { comment: 'ann laptop' })
})

test('ssh goes on with a key, and off with the switch or the last key', async t => {
  const { ssh, asked, kept, path } = await box(t)
  const [first, second] = [await keyPair(t, '-t', 'ed25519'), await keyPair(t, '-t', 'ed25519')]
  await t.throwsAsync(ssh.set(true), { code: 'network/ssh-no-key' })
  const { id } = await ssh.add(first.line)
  t.is(await kept(), null)
  await ssh.set(true)
  t.is(await kept(), `${first.line}\n`)
  t.is((await stat(path('kept/authorized_keys'))).mode & 0o777, 0o600)
  t.is((await stat(path('kept'))).mode & 0o777, 0o700)
  t.is(asked.at(-1), 'start ssh.service')
  await t.throwsAsync(ssh.add(first.line), { code: 'network/ssh-key-there' })
  const added = await ssh.add(second.line)
  t.is(await kept(), `${first.line}\n${second.line}\n`)
  t.like(await ssh.state(), { isPossible: true, isOn: true, isRunning: true, bootKeys: [] })

  await ssh.set(false)
  t.is(await kept(), null)
  t.is(asked.at(-1), 'stop ssh.service')
  t.is((await ssh.state()).keys.length, 2)
  await ssh.set(true)
  await ssh.remove(id)
  t.is(await kept(), `${second.line}\n`)
  await ssh.remove(added.id)
  t.is(asked.at(-1), 'stop ssh.service')
  t.like(await ssh.state(), { isOn: false, keys: [] })
  await t.throwsAsync(ssh.remove(id), { code: 'network/ssh-no-such-key' })
})

test('keys on the boot partition are shown, and let in all the same', async t => {
  const { ssh, asked, path } = await box(t)
  const { line, fingerprint } = await keyPair(t, '-t', 'ed25519')
  await writeFile(path('authorized_keys'), `# mine\r\n${line}\r\n`)
  const mine = await ssh.add((await keyPair(t, '-t', 'ed25519')).line)
  await ssh.set(true)
  await ssh.set(false)
  t.is(asked.at(-1), 'start ssh.service')
  t.like((await ssh.state()).bootKeys, [{ fingerprint }] as never)
  await rm(path('authorized_keys'))
  await ssh.remove(mine.id)
  t.is(asked.at(-1), 'stop ssh.service')
})

test('what cannot be made so is not kept, and what was decided is made so again at the next start', async t => {
  const { ssh, state, again, kept, path } = await box(t)
  const { line } = await keyPair(t, '-t', 'ed25519')
  await ssh.add(line)
  state.isBroken = true
  await t.throwsAsync(ssh.set(true), { message: /sshd does not start/ })
  t.false((await ssh.state()).isOn)
  state.isBroken = false
  await ssh.set(true)
  await rm(path('kept'), { recursive: true })
  again().start()
  while ((await kept()) === null) await ssh.state()
  t.is(await kept(), `${line}\n`)
})

test('where no image was flashed nothing is touched', async t => {
  const { ssh, asked, kept } = await box(t, { isImage: false })
  t.like(await ssh.state(), { isPossible: false, isOn: false, isRunning: false })
  const { line } = await keyPair(t, '-t', 'ed25519')
  await t.throwsAsync(ssh.add(line), { code: 'network/ssh-not-here' })
  ssh.start()
  t.deepEqual(asked, [])
  t.is(await kept(), null)
})
