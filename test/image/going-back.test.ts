import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { admin, basic, dataFolder, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { becomesProven, makeUpdate, serveFolder, versionOf } from '../helpers/update.ts'

/** Back to the version before, by hand, on the image itself. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const patienceMs = 15 * 60_000

const setup = {
  admin,
  pool: { name: 'pool', profile: 'single', disks: ['DISK1'] },
  shares: [{ name: 'shared', everyone: 'write' }],
  users: [{ name: 'bob', password: 'Bobs-password-1' }],
}
const zoe = { name: 'zoe', password: 'Zoes-password-1' }

onMachine(
  `after an update was proven the box goes back by hand, and undoes no revocation${because}`,
  async t => {
    t.timeout(60 * 60_000)
    const folder = await dataFolder(t)
    const port = await serveFolder(t, folder)
    await mkdir(join(folder, 'tmp'))
    const machine = await createMachine(t, {
      firmware: 'uefi',
      disks: ['DISK1'],
      bootFiles: { 'cairn-setup.json': JSON.stringify(setup) },
    })
    await machine.start()
    await eventually(async () => (await put(machine, 'a.txt')) === 201, patienceMs)
    const first = await versionOf(machine)
    await becomesProven(machine, first, patienceMs)
    t.is((await rest(machine, 'GET', '/updates/earlier')).body, null)
    const second = await makeUpdate(folder, { version: 'second' })
    await machine.shell(`rauc install http://10.0.2.2:${port}/${second}`)
    await machine.shell('systemctl reboot').catch(() => '')
    await becomesProven(machine, 'second', patienceMs)
    await eventually(async () => (await put(machine, 'b.txt')) === 201, patienceMs)

    t.is((await rest(machine, 'POST', '/users', zoe)).status, 201)
    t.is((await rest(machine, 'DELETE', '/users/bob')).status, 204)
    const { body } = await rest(machine, 'GET', '/updates/earlier')
    t.like(body, { version: first, problem: null })
    t.deepEqual(
      body.lost.find(({ what }: { what: string }) => what === 'people'),
      { what: 'people', how: 'added', count: 1, names: ['zoe'] },
    )
    t.is((await rest(machine, 'POST', '/updates/go-back', { version: first })).status, 204)
    await eventually(async () => (await versionOf(machine)) === first, patienceMs)
    await eventually(async () => (await put(machine, 'c.txt')) === 201, patienceMs)
    t.deepEqual(
      (await rest(machine, 'GET', '/users')).body.map(({ name }: { name: string }) => name),
      ['admin'],
    )
    t.is((await machine.shell('cat /data/system/proven')).trim(), first)
    t.is((await machine.shell('ls /data/system')).includes('return'), false)
    t.is((await machine.shell('systemctl --failed --no-legend --plain')).trim(), '')
    t.deepEqual((await machine.shell('ls /srv/cairn/pool/shares/shared')).split('\n').filter(Boolean), [
      'a.txt',
      'b.txt',
      'c.txt',
    ])
  },
)

async function put(machine: Machine, name: string): Promise<number> {
  const given = { method: 'PUT', headers: { authorization: basic(admin) }, body: name }
  return fetch(`${machine.url}/webdav/shared/${name}`, given).then(
    ({ status }) => status,
    () => 0,
  )
}

async function rest(machine: Machine, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${machine.url}/api/v1${path}`, {
    method,
    headers: { authorization: basic(admin), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}
