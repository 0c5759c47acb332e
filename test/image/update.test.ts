import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { dataFolder, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { createOwner, type Owner, setupFile } from '../helpers/owner.ts'
import {
  becomesProven,
  commandInInitrd,
  makeUpdate,
  serveFolder,
  signBoot,
  versionOf,
} from '../helpers/update.ts'

/** Updates: a good one stays, a bad one goes back by itself, and the settings are those of the version that runs. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const patienceMs = 20 * 60_000

/** Spoils the settings and ends, again and again. */
const crashing = `import { rmSync, writeFileSync } from 'node:fs'
rmSync('/var/lib/cairn/cairn.db-wal', { force: true })
writeFileSync('/var/lib/cairn/cairn.db', 'spoiled by a version that does not work')
process.exit(1)
`

interface BadKernel {
  version: string
  boot: (folder: string) => Promise<void>
  /** What the serial line says of it. */
  says: RegExp
  /** GRUB starts it again and again; else it is left at once. */
  isTried: boolean
}

/** What the watchdog has of a kernel that stops, once it runs: no sign of life any more. */
const hanging = `
pid=$(cat /run/initramfs/watchdog)
has_it_open() { for each in /proc/$pid/fd/*; do [ $each -ef /dev/watchdog0 ] && return; done; false; }
until has_it_open; do sleep 1; done
kill -19 $pid
while true; do sleep 60; done
`

/** GRUB counts it before it starts. */
const thirdTry = /slot=A ORDER=A B A_OK=1 A_TRY=3/
const badKernels: BadKernel[] = [
  {
    version: 'kernelless',
    boot: folder => rm(join(folder, 'vmlinuz')).then(() => rm(join(folder, 'SHA256SUMS'))),
    says: /Slot A has no kernel that can be loaded/,
    isTried: false,
  },
  {
    version: 'damaged',
    boot: folder => damage(join(folder, 'vmlinuz')),
    says: /Slot A is damaged/,
    isTried: false,
  },
  {
    version: 'panicking',
    boot: folder => failing(folder, 'echo c >/proc/sysrq-trigger'),
    says: /Kernel panic - not syncing: sysrq triggered crash/,
    isTried: true,
  },
  {
    version: 'hanging',
    boot: folder => failing(folder, hanging),
    says: thirdTry,
    isTried: true,
  },
]

onMachine(`a good update stays; ones that crash or do not start go back${because}`, async t => {
  t.timeout(90 * 60_000)
  const folder = await dataFolder(t)
  const port = await serveFolder(t, folder)
  const bootFiles = setupFile({ profile: 'single', disks: ['DISK1'] })
  const machine = await createMachine(t, { firmware: 'uefi', disks: ['DISK1'], bootFiles, hasWatchdog: true })
  const owner = createOwner(machine)
  await machine.start()
  await owner.moveIn()
  await becomesProven(machine, await versionOf(machine))

  /** The shell's answer to a restart is the connection's end. */
  const update = async (name: string) => {
    await machine.shell(`rauc install http://10.0.2.2:${port}/${name}`)
    await machine.shell('systemctl reboot').catch(() => '')
  }

  // As versions were before GRUB compared anything.
  const boot = (files: string) => rm(join(files, 'SHA256SUMS'))
  await update(await makeUpdate(folder, { version: 'second', boot }))
  await becomesProven(machine, 'second')
  t.is(await slot(machine), 'B')

  const files = { 'usr/lib/cairn/dist/daemon/main.js': crashing }
  await update(await makeUpdate(folder, { version: 'crashing', files }))
  await eventually(async () => (await versionOf(machine)) === 'crashing', patienceMs)
  await servesAgain(t, machine, owner, 'crashing')

  for (const bad of badKernels) {
    const name = await makeUpdate(folder, { version: bad.version, boot: bad.boot, systemOf: 'second' })
    const said = (await machine.console()).length
    const since = async () => (await machine.console()).slice(said)
    await update(name)
    await eventually(async () => bad.says.test(await since()), patienceMs)
    await servesAgain(t, machine, owner, bad.version)
    t.is(thirdTry.test(await since()), bad.isTried, bad.version)
  }
})

/** In the second version, with the settings of before. */
async function servesAgain(t: ExecutionContext, machine: Machine, owner: Owner, bad: string) {
  const startedAt = Date.now()
  await eventually(async () => (await versionOf(machine)) === 'second', patienceMs)
  await eventually(async () => (await owner.put(`after ${bad}.txt`, bad)) === 201, patienceMs)
  t.is(await slot(machine), 'B')
  t.is(await owner.get('moved-in.txt'), 'hello')
  t.log(
    `went back from the one that is ${bad}, ${Math.round((Date.now() - startedAt) / 1000)} s after it was seen to be`,
  )
}

async function slot(machine: Machine): Promise<string | undefined> {
  return /rauc\.slot=(.)/.exec(await machine.shell('cat /proc/cmdline'))?.[1]
}

/** As a worn out disk would. */
async function damage(path: string) {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    await file.write(Buffer.alloc(16, 0xff), 0, 16, Math.floor(size / 2))
  } finally {
    await file.close()
  }
}

/** It is what was meant, and fails once its drivers are loaded. */
async function failing(folder: string, command: string) {
  await commandInInitrd(folder, command)
  await signBoot(folder)
}
