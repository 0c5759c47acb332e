import test from 'ava'
import { comesUp, setsItselfUp } from '../helpers/first-start.ts'
import { whyNoMachine } from '../helpers/machine.ts'

/** The built image, from power to files, as somebody sees it who has no screen at the box. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const longMs = 25 * 60_000
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(
  `BIOS: from power over the wizard to files, and all is there after a restart${because}`,
  async t => {
    t.timeout(longMs)
    await comesUp(t, { firmware: 'bios' })
  },
)

onMachine(`UEFI: a file on the boot partition sets it up, and loses its passwords${because}`, async t => {
  t.timeout(longMs)
  await setsItselfUp(t, { firmware: 'uefi' })
})
