import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseRelease } from '../../appliance/updates/parse/release.ts'
import { checkout } from '../helpers/cairn.ts'
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

onMachine(`the update beside the image is described as it is${because}`, t => {
  const at = (name: string) => readFileSync(join(checkout, 'build/image/amd64', name))
  const text = at('cairn-amd64.json').toString()
  const { bundle } = parseRelease(text, 'https://example.org/cairn-amd64.json', 'cairn-amd64')
  const bytes = at('cairn-amd64.raucb')
  t.is(bundle.url, 'cairn-amd64.raucb')
  t.is(bundle.sizeBytes, bytes.length)
  t.is(bundle.sha256, createHash('sha256').update(bytes).digest('hex'))
})
