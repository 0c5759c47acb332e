import test from 'ava'
import { admin, basic, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'

/** A shell on the box: shut, until the page opens it; and what the box remembers of its log. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const patienceMs = 5 * 60_000

const setup = {
  admin,
  pool: { name: 'pool', profile: 'single', disks: ['DISK1'] },
  shares: [{ name: 'shared', everyone: 'write' }],
}

onMachine(
  `ssh is shut until a key is added and switched on, and the log outlives a restart${because}`,
  async t => {
    t.timeout(40 * 60_000)
    const machine = await createMachine(t, {
      firmware: 'bios',
      disks: ['DISK1'],
      bootFiles: { 'cairn-setup.json': JSON.stringify(setup) },
      hasKey: false,
    })
    await machine.start()
    await eventually(async () => (await ask(machine, 'GET', '')).status === 200, patienceMs)
    await t.throwsAsync(machine.shell('true'))

    const added = await ask(machine, 'POST', '/keys', { key: await machine.publicKey() })
    t.is(added.status, 201)
    await t.throwsAsync(machine.shell('true'))
    t.is((await ask(machine, 'PUT', '', { isOn: true })).status, 204)
    t.is((await machine.shell('id -u')).trim(), '0')
    t.like(await (await ask(machine, 'GET', '')).json(), { isOn: true, isRunning: true, bootKeys: [] })
    t.is((await machine.shell('ls /boot/efi')).includes('authorized_keys'), false)

    await machine.shell('logger -p user.err "a stone is loose"; logger "the wind blows"')
    await machine.powerOff()
    await machine.start()
    t.is((await machine.shell('id -u')).trim(), '0')
    t.regex(await machine.shell('cat /data/system/log/worse.log'), /a stone is loose/)
    t.regex(await machine.shell('zcat /data/system/log/end-*.log.gz'), /the wind blows/)
    const log = await fetch(`${machine.url}/api/v1/system/log`, { headers })
    t.regex(await log.text(), /==== worse\.log ====\n.*a stone is loose.*==== since the last start ====/s)

    t.is((await ask(machine, 'PUT', '', { isOn: false })).status, 204)
    await t.throwsAsync(machine.shell('true'))
  },
)

const headers = { authorization: basic(admin), 'content-type': 'application/json' }

function ask(machine: Machine, method: string, path: string, body?: unknown) {
  const given = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  return fetch(`${machine.url}/api/v1/network/ssh${path}`, given)
}
