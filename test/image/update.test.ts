import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { admin, basic, dataFolder, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { becomesProven, makeUpdate, serveFolder, versionOf } from '../helpers/update.ts'

/** Updates: a good one stays, a bad one goes back by itself, and the settings are those of the version that runs. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const patienceMs = 20 * 60_000

const setup = {
  admin,
  pool: { name: 'pool', profile: 'single', disks: ['DISK1'] },
  shares: [{ name: 'shared', everyone: 'write' }],
}
/** Spoils the settings and ends, again and again. */
const crashing = `import { rmSync, writeFileSync } from 'node:fs'
rmSync('/var/lib/cairn/cairn.db-wal', { force: true })
writeFileSync('/var/lib/cairn/cairn.db', 'spoiled by a version that does not work')
process.exit(1)
`

onMachine(`a good update stays; one that crashes and one without kernel go back${because}`, async t => {
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
  await becomesProven(machine, first)

  const install = async (name: string) => machine.shell(`rauc install http://10.0.2.2:${port}/${name}`)
  /** The shell's answer to a restart is the connection's end. */
  const restart = () => machine.shell('systemctl reboot').catch(() => '')

  await install(await makeUpdate(folder, { version: 'second' }))
  await restart()
  await becomesProven(machine, 'second')
  t.is(await slot(machine), 'B')
  t.is(await put(machine, 'b.txt'), 201)

  await install(
    await makeUpdate(folder, {
      version: 'crashing',
      files: { 'usr/lib/cairn/dist/daemon/main.js': crashing },
    }),
  )
  await restart()
  await eventually(async () => (await versionOf(machine)) === 'crashing', patienceMs)
  await eventually(async () => (await versionOf(machine)) === 'second', patienceMs)
  await eventually(async () => (await put(machine, 'c.txt')) === 201, patienceMs)
  t.log('went back from the one that crashes')

  await install(await makeUpdate(folder, { version: 'kernelless', hasKernel: false }))
  await restart()
  await eventually(async () => (await machine.console()).includes('has no kernel'), patienceMs)
  await eventually(async () => (await put(machine, 'd.txt')) === 201, patienceMs)
  t.is(await versionOf(machine), 'second')
})

async function put(machine: Machine, name: string): Promise<number> {
  const given = { method: 'PUT', headers: { authorization: basic(admin) }, body: name }
  return fetch(`${machine.url}/webdav/shared/${name}`, given).then(
    ({ status }) => status,
    () => 0,
  )
}

async function slot(machine: Machine): Promise<string | undefined> {
  return /rauc\.slot=(.)/.exec(await machine.shell('cat /proc/cmdline'))?.[1]
}
