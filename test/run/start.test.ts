import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readConfig } from '../../appliance/config.ts'
import {
  admin,
  basic,
  type Cairn,
  claimed,
  dataFolder,
  eventually,
  freePort,
  StartError,
  smbAnyway,
  startCairn,
} from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const withBtrfs = testIf('root', 'btrfs', 'smbd', 'smbclient')

async function leftBehind(dataDir: string): Promise<string[]> {
  const { stdout: loops } = await run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
  const { stdout: processes } = await run('ps', ['-eo', 'args'])
  return [...loops.split('\n'), ...mounts.split('\n'), ...processes.split('\n')].filter(line =>
    line.includes(dataDir),
  )
}

async function put(cairn: Cairn, path: string, body: string): Promise<number> {
  const headers = { authorization: basic(admin) }
  return (await fetch(`${cairn.url}/webdav/${path}`, { method: 'PUT', body, headers })).status
}

async function get(cairn: Cairn, path: string): Promise<string> {
  return (await fetch(`${cairn.url}/webdav/${path}`, { headers: { authorization: basic(admin) } })).text()
}

withBtrfs('stops without a trace, and starts again where it was, within five seconds', async t => {
  const first = await startCairn(t, { args: claimed })
  t.is(await put(first, 'shared/a.txt', 'hello'), 201)
  const { runDir } = readConfig(['--data', first.dataDir])
  t.true(existsSync(runDir))
  await first.stop()
  t.deepEqual(await leftBehind(first.dataDir), [])
  t.false(existsSync(runDir))
  const startedAt = Date.now()
  const second = await startCairn(t, { dataDir: first.dataDir })
  t.true(Date.now() - startedAt < 5000, `${Date.now() - startedAt} ms`)
  t.is(await get(second, 'shared/a.txt'), 'hello')
  await second.stop()
  t.deepEqual(await leftBehind(first.dataDir), [])
})

withBtrfs('two instances live side by side, and a third on the same data is refused', async t => {
  const first = await startCairn(t, { args: claimed })
  const second = await startCairn(t, { args: ['--practice-disks', '2', '--practice-size', '1G'] })
  t.is(await put(first, 'shared/a.txt', 'first'), 201)
  t.is((await fetch(`${second.url}/`, { redirect: 'manual' })).headers.get('location'), '/setup')
  const third = await t.throwsAsync(startCairn(t, { dataDir: first.dataDir }), { instanceOf: StartError })
  t.regex(third.message, /runs on .* already/)
})

withBtrfs('after kill -9 of everything the next start is clean', async t => {
  const first = await startCairn(t, { args: claimed })
  t.is(await put(first, 'shared/a.txt', 'kept'), 201)
  const { stdout } = await run('pgrep', ['--full', first.dataDir])
  for (const pid of [first.pid, ...stdout.split('\n').filter(Boolean).map(Number)]) kill(pid)
  await first.stop('SIGKILL')
  const second = await startCairn(t, { dataDir: first.dataDir })
  t.is(await get(second, 'shared/a.txt'), 'kept')
  await second.stop()
  t.deepEqual(await leftBehind(first.dataDir), [])
})

function kill(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

for (const program of ['main.js', 'agent.js']) {
  withBtrfs(
    `kill -9 of ${program} in the middle of an upload: it comes back, and the old file is whole`,
    async t => {
      const cairn = await startCairn(t, { args: claimed })
      t.is(await put(cairn, 'shared/a.txt', 'old'), 201)
      const upload = request(`${cairn.url}/webdav/shared/a.txt`, {
        method: 'PUT',
        headers: { authorization: basic(admin) },
      })
      const cut = new Promise(resolve => upload.once('close', resolve))
      upload.on('error', () => undefined)
      await new Promise(resolve => upload.write(Buffer.alloc(4 * 1024 * 1024), resolve))
      const [pid = 0] = cairn.pids(program)
      process.kill(pid, 'SIGKILL')
      upload.destroy()
      await cut
      await eventually(
        async () => (await fetch(`${cairn.url}/health/ready`).catch(() => undefined))?.status === 200,
      )
      t.is(await get(cairn, 'shared/a.txt'), 'old')
      t.is(await put(cairn, 'shared/a.txt', 'new'), 204)
      const { stdout } = await run('find', [
        join(cairn.dataDir, 'pools/pool/shares/shared/.cairn/tmp'),
        '-type',
        'f',
      ])
      if (program === 'main.js') t.is(stdout, '')
    },
  )
}

withBtrfs('the servers run as 2770 without a capability, and cannot read what only root may', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const [pid = 0] = cairn.pids('main.js')
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  t.regex(status, /^Uid:\t2770\t2770\t2770\t2770$/m)
  t.regex(status, /^Gid:\t2770\t2770\t2770\t2770$/m)
  t.regex(status, /^Groups:\t\s*$/m)
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    t.regex(status, new RegExp(`^${set}:\\t0+$`, 'm'))
  t.regex(status, /^NoNewPrivs:\t1$/m)

  const share = join(cairn.dataDir, 'pools/pool/shares/shared')
  await run('ln', ['-s', '/etc/shadow', join(share, 'link.txt')])
  for (const name of ['link.txt']) {
    const answers = [
      await get(cairn, `shared/${name}`),
      JSON.stringify(
        await (
          await fetch(`${cairn.url}/api/v1/files/content?path=/shared/${name}`, {
            headers: { authorization: basic(admin) },
          })
        ).text(),
      ),
      await smbAnyway(cairn, 'shared', `get ${name} -`),
    ]
    for (const answer of answers) t.notRegex(answer, /root:.*:0:/)
  }
})

withBtrfs('a port that is taken is said, with what to do, and nothing is left', async t => {
  const port = await freePort()
  const other = createServer().listen(port)
  await once(other, 'listening')
  t.teardown(() => other.close())
  const dataDir = await dataFolder(t)
  const failure = await t.throwsAsync(
    startCairn(t, { dataDir, httpPort: port, args: ['--practice-size', '1G'] }),
    { instanceOf: StartError },
  )
  t.regex(failure.message, new RegExp(`Port ${port} is in use.*--http-port`))
  t.deepEqual(await leftBehind(dataDir), [])
})

withBtrfs('a damaged settings file leads to a recovery page and is not touched', async t => {
  const first = await startCairn(t, { args: claimed })
  await first.stop()
  const path = join(first.dataDir, 'cairn.db')
  const damaged = (await readFile(path)).fill(0x2a, 0, 4096)
  await writeFile(path, damaged)
  const second = await startCairn(t, { dataDir: first.dataDir, waitFor: /^recovery http/ })
  const page = await fetch(second.url, { headers: { accept: 'text/html' } })
  t.is(page.status, 503)
  t.regex(await page.text(), /What it means for your files/)
  await second.stop()
  t.true(damaged.equals(await readFile(path)))
})

withBtrfs('a setup file sets the box up without a person, and its passwords are wiped from it', async t => {
  const dataDir = await dataFolder(t)
  const file = join(dataDir, 'setup.json')
  const document = {
    hostName: 'attic',
    admin: { name: 'ann', displayName: 'Ann', password: 'Ann-secret-9' },
    pool: null,
    shares: [],
    users: [{ name: 'bob', password: 'Bob-secret-9' }],
  }
  await writeFile(file, JSON.stringify(document))
  const cairn = await startCairn(t, { dataDir, args: ['--setup', file, '--practice-size', '1G'] })
  const ann = { name: 'ann', password: 'Ann-secret-9' }
  t.like(await cairn.api('GET', '/system', undefined, ann), { status: 200, body: { name: 'attic' } })
  t.like(await cairn.api('GET', '/users/bob', undefined, ann), { status: 200, body: { role: 'member' } })
  t.false((await readFile(file, 'utf8')).includes('secret'))
})

withBtrfs('a setup file with a mistake names the field, and the box stays unclaimed', async t => {
  const dataDir = await dataFolder(t)
  const file = join(dataDir, 'setup.json')
  await writeFile(file, JSON.stringify({ admin: { name: 'ann', password: 'short' } }))
  const failure = await t.throwsAsync(
    startCairn(t, { dataDir, args: ['--setup', file, '--practice-size', '1G'] }),
    { instanceOf: StartError },
  )
  t.regex(failure.message, /admin\.password/)
  const cairn = await startCairn(t, { dataDir, args: ['--practice-size', '1G'] })
  t.is((await cairn.api('GET', '/setup', undefined, null)).body.isClaimed, false)
})

withBtrfs('a signal lets the answer under way end', async t => {
  const cairn = await startCairn(t, { args: claimed })
  t.is(await put(cairn, 'shared/big.bin', 'x'.repeat(8 * 1024 * 1024)), 201)
  const response = await fetch(`${cairn.url}/webdav/shared/big.bin`, {
    headers: { authorization: basic(admin) },
  })
  const stopped = cairn.stop()
  t.is((await response.arrayBuffer()).byteLength, 8 * 1024 * 1024)
  await stopped
})

withBtrfs('a signal during the start leaves a setup file that was not applied as it was', async t => {
  const dataDir = await dataFolder(t)
  const file = join(dataDir, 'setup.json')
  const document = JSON.stringify({ admin: { name: 'ann', password: 'Ann-secret-9' } })
  await writeFile(file, document)
  const launcher = join(import.meta.dirname, '../../dist/daemon/launch.js')
  const ports = ['--http-port', String(await freePort()), '--smb-port', String(await freePort())]
  const args = [launcher, '--data', dataDir, '--setup', file, '--practice-size', '1G', ...ports]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const gone = once(child, 'exit')
  await eventually(async () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8') !== '')
  child.kill('SIGTERM')
  await gone
  t.is(await readFile(file, 'utf8'), document)
  t.deepEqual(await leftBehind(dataDir), [])
})

withBtrfs('a name that cannot be had is refused before a disk is touched', async t => {
  const dataDir = await dataFolder(t)
  const file = join(dataDir, 'setup.json')
  const first = await startCairn(t, { dataDir, args: ['--practice-disks', '1', '--practice-size', '1G'] })
  const serial = await practiceSerial(dataDir)
  await first.stop()
  const pool = { name: 'pool', profile: 'single', disks: [serial] }
  for (const [share, problem] of [
    ['homes', /The name homes is reserved/],
    ['a/b', /shares\.0\.name/],
    ['Ann', /Ann is there twice/],
  ] as const) {
    const admin = { name: 'ann', password: 'Ann-secret-9' }
    await writeFile(file, JSON.stringify({ admin, pool, erase: [serial], shares: [{ name: share }] }))
    const failure = await t.throwsAsync(
      startCairn(t, { dataDir, args: ['--setup', file, '--practice-disks', '1'] }),
      {
        instanceOf: StartError,
      },
    )
    t.regex(failure.message, problem)
    t.deepEqual(await readdir(join(dataDir, 'pools')), [])
  }
})

async function practiceSerial(dataDir: string): Promise<string> {
  return `PRACTICE-${(await readFile(join(dataDir, 'disks', 'id'), 'utf8')).trim()}-1`
}
