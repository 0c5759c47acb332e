import test from 'ava'
import { comesUp, setsItselfUp } from '../helpers/first-start.ts'
import { whyNoMachine } from '../helpers/machine.ts'

/** The image for ARM machines with UEFI: the same as that for PCs, on another processor. */
const reason = whyNoMachine('arm64')
const onMachine = reason === null ? test.serial : test.skip
const longMs = 40 * 60_000
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(`ARM: from power over the wizard to files, and all is there after a restart${because}`, async t => {
  t.timeout(longMs)
  const machine = await comesUp(t, { board: 'arm64', firmware: 'uefi' })
  t.is((await machine.shell('uname -m')).trim(), 'aarch64')
  t.regex(await machine.shell('rauc status --output-format=shell'), /RAUC_SYSTEM_COMPATIBLE='cairn-arm64'/)
})

onMachine(`ARM: a file on the boot partition sets it up, and loses its passwords${because}`, async t => {
  t.timeout(longMs)
  await setsItselfUp(t, { board: 'arm64', firmware: 'uefi' })
})
