import test from 'ava'
import { offersWizard } from '../helpers/first-start.ts'
import { whyNoMachine } from '../helpers/machine.ts'

/** The image as it was flashed, with nothing done to it: what continuous integration boots when something of the image has changed. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(`UEFI: from power to the wizard, which the code on the console opens${because}`, async t => {
  t.timeout(5 * 60_000)
  await offersWizard(t, { firmware: 'uefi' })
})
