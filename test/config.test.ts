import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readConfig } from '../appliance/config.ts'

const wrong: [argv: string[], said: RegExp][] = [
  [['--practice-size', 'foo'], /^--practice-size takes a size like 4G\./],
  [['--http-port', 'abc'], /^--http-port takes a whole number from 1 to 65535\./],
  [
    ['--http-port', '70000', '--servers', '0'],
    /--http-port .*; --servers takes a whole number from 1 to 64\./,
  ],
  [['--admin', 'foo'], /^--admin takes NAME:PASSWORD\./],
  [['--http-port'], /^Option '--http-port <value>' argument missing\./],
  [['--bogus', '1'], /^Unknown option '--bogus'/],
]

for (const [argv, said] of wrong) {
  test(`${argv.join(' ')}: what is wrong, what it means, and what to do`, t => {
    const failure = t.throws(() => readConfig(argv, {}), { code: 'config/invalid' })
    t.regex(failure?.message ?? '', said)
    t.regex(failure?.message ?? '', /Nothing was started; scripts\/start --help lists the options\.$/)
  })
}

test('a variable is named after its option, which goes before it', t => {
  const env = { CAIRN_HTTP_PORT: '1234', CAIRN_SMB_PORT: '2345' }
  t.like(readConfig(['--http-port', '4321'], env), { httpPort: 4321, samba: { port: 2345 } })
})

test('the box tunes itself only where that is said, as on the image', t => {
  t.false(readConfig([], {}).tuning.isAutomatic)
  t.true(readConfig([], { CAIRN_TUNING: 'automatic' }).tuning.isAutomatic)
  const image = readFileSync(join(import.meta.dirname, '../overlays/common/usr/lib/cairn/cairn.conf'), 'utf8')
  t.regex(image, /^CAIRN_TUNING=automatic$/m)
})

test('systemd is known by its variables, and the launcher by its option', t => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '60000000' }
  t.like(readConfig(['--launched', 'yes'], env), {
    isLaunched: true,
    serviceManager: { socket: '/run/systemd/notify', watchdogMs: 60_000 },
  })
  t.like(readConfig([], {}), { isLaunched: false, serviceManager: null, bootFolder: null })
})
