import test from 'ava'
import { dataFolder, eventually } from '../helpers/cairn.ts'
import { comesUp, setsItselfUp } from '../helpers/first-start.ts'
import { whyNoMachine } from '../helpers/machine.ts'
import { makeUpdate, serveFolder, slotsOf } from '../helpers/update.ts'

/** The image for ARM machines with UEFI: the same as that for PCs, on another processor. */
const reason = whyNoMachine('arm64')
const onMachine = reason === null ? test.serial : test.skip
const longMs = 40 * 60_000
const patienceMs = 20 * 60_000
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(`ARM: from power over the wizard to files, and all is there after a restart${because}`, async t => {
  t.timeout(longMs)
  const machine = await comesUp(t, { board: 'arm64', firmware: 'uefi' })
  t.is((await machine.shell('uname -m')).trim(), 'aarch64')
  t.regex(await slotsOf(machine), /RAUC_SYSTEM_COMPATIBLE='cairn-arm64'/)
})

onMachine(`ARM: a file sets it up, and an update goes into the other slot and stays${because}`, async t => {
  t.timeout(longMs)
  const folder = await dataFolder(t)
  const port = await serveFolder(t, folder)
  const machine = await setsItselfUp(t, { board: 'arm64', firmware: 'uefi' })
  const proven = async () => (await machine.shell('cat /data/system/proven').catch(() => '')).trim()
  await eventually(async () => (await proven()) !== '', patienceMs)

  const update = await makeUpdate(folder, { board: 'arm64', version: 'second' })
  await machine.shell(`rauc install http://10.0.2.2:${port}/${update}`)
  // The shell's answer to a restart is the connection's end.
  await machine.shell('systemctl reboot').catch(() => '')
  await eventually(async () => (await proven()) === 'second', patienceMs)
  t.regex(await machine.shell('cat /proc/cmdline'), /rauc\.slot=B/)
})
