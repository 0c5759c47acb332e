import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { startRauc } from '../helpers/rauc.ts'
import { tempFolder } from '../helpers/temp.ts'

/** A Raspberry Pi has no clock that runs on without power: until it was told the time it has that of its image. */
const clockTest = testIf('rauc', 'faketime')
const longAgo = '2020-01-01 00:00:00'

for (const overlay of ['grub', 'rpi']) {
  clockTest(`${overlay}: an update is trusted where the clock is behind the day of its key`, async t => {
    const rauc = await startRauc(t)
    const bundle = rauc.bundle('1.1.0')
    const [keyring] = /^path=.*$/m.exec(readFileSync(rauc.conf, 'utf8')) ?? []
    const shipped = readFileSync(join(checkout, 'overlays', overlay, 'etc/rauc/system.conf'), 'utf8')
    const folder = await tempFolder(t)
    const conf = join(folder, 'system.conf')
    const ofTest = shipped
      .replace(/^path=.*$/m, keyring ?? '')
      .replace(/^data-directory=.*$/m, `data-directory=${folder}`)
      .replace(/^bundle-formats=.*$/m, '')
    writeFileSync(conf, ofTest)
    const said = execFileSync('faketime', [longAgo, 'rauc', `--conf=${conf}`, 'info', bundle], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.regex(said, /1\.1\.0/)
  })
}
