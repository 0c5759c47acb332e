import test from 'ava'
import { eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'

/** The image as it was flashed, with nothing done to it: what continuous integration boots when something of the image has changed. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`

onMachine(`UEFI: from power to the wizard, which the code on the console opens${because}`, async t => {
  t.timeout(5 * 60_000)
  const machine = await createMachine(t, { firmware: 'uefi', disks: ['DISK1', 'DISK2'], hasKey: false })
  t.log(`answers after ${await machine.start()} s`)
  const page = await fetch(machine.plainUrl)
  t.is(page.url, `${machine.plainUrl}/setup`)
  t.regex(await page.text(), /<title>Set up Cairn<\/title>/)

  const code = await codeOnConsole(machine)
  t.is((await unlock(machine, 'wrong')).status, 401)
  const unlocked = await unlock(machine, code)
  t.true(unlocked.ok)
  const cookie = unlocked.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const offered = await fetch(`${machine.plainUrl}/api/v1/setup/disks`, { headers: { cookie } })
  const disks = (await offered.json()) as { serial: string; isOffered: boolean }[]
  t.deepEqual(
    disks.filter(({ isOffered }) => isOffered).map(({ serial }) => serial),
    ['DISK1', 'DISK2'],
  )
})

async function codeOnConsole(machine: Machine): Promise<string> {
  let code: string | undefined
  await eventually(async () => {
    code = /claim code (\S+)/.exec(await machine.console())?.[1]
    return code !== undefined
  }, 2 * 60_000)
  return code ?? ''
}

function unlock(machine: Machine, code: string) {
  const body = JSON.stringify({ code })
  const headers = { 'content-type': 'application/json' }
  return fetch(`${machine.plainUrl}/api/v1/setup/unlock`, { method: 'POST', headers, body })
}
