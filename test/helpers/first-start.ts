import type { ExecutionContext } from 'ava'
import { admin, basic, eventually, smb } from './cairn.ts'
import { passesLitmus } from './litmus.ts'
import { createMachine, type Machine, type MachineOptions } from './machine.ts'

/** What every image must do, whatever it runs on. */
const disks = ['DISK1', 'DISK2', 'DISK3', 'DISK4']
const setupDocument = {
  admin,
  pool: { name: 'pool', profile: 'raid1', disks: ['DISK1', 'DISK2'] },
  shares: [{ name: 'shared', everyone: 'write' }],
}

/** From power to the wizard, which the code on the console opens, and which offers the disks beside the system's own. */
export async function offersWizard(t: ExecutionContext, options: MachineOptions): Promise<Machine> {
  const serials = disks.slice(0, 2)
  const machine = await createMachine(t, { ...options, disks: serials, hasKey: false })
  t.log(`answers after ${await machine.start()} s`)
  const page = await fetch(machine.plainUrl)
  t.is(page.url, `${machine.plainUrl}/setup`)
  t.regex(await page.text(), /<title>Set up Cairn<\/title>/)

  const code = await codeOnConsole(machine)
  t.is((await unlock(machine, 'wrong')).status, 403)
  let unlocked = await unlock(machine, code)
  // Who was wrong has to wait for a moment.
  await eventually(async () => {
    if (!unlocked.ok) unlocked = await unlock(machine, code)
    return unlocked.ok
  }, 30_000)
  const cookie = unlocked.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const answer = await fetch(`${machine.plainUrl}/api/v1/setup/disks`, { headers: { cookie } })
  const offered = (await answer.json()) as { serial: string; isOffered: boolean }[]
  const free = offered.filter(({ isOffered }) => isOffered).map(({ serial }) => serial)
  t.deepEqual(free.toSorted(), serials)
  return machine
}

/** From power over the wizard to files, and all is there after a restart. The machine goes on running. */
export async function comesUp(t: ExecutionContext, options: MachineOptions): Promise<Machine> {
  const machine = await createMachine(t, { ...options, disks })
  t.log(`wizard after ${await machine.start()} s`)
  t.is((await fetch(`${machine.plainUrl}/setup`)).status, 200)

  const code = await claimCode(machine)
  t.regex(await machine.console(), new RegExp(code))
  await setUp(machine, code)
  await eventually(async () => !(await machine.shell('ls /boot/efi')).includes('claim-code'), 60_000)

  t.is(await putFile(machine, 'hello.txt', 'a stone upon a stone'), 201)
  await leadsToHttps(t, machine)
  await seesBySmb(machine, 'hello.txt')
  await smb(machine, 'shared', 'mkdir from-smb')
  await passesLitmus(t, `${machine.url}/webdav/shared/`, admin)

  t.is((await machine.shell('systemctl --failed --no-legend --plain')).trim(), '')
  t.regex(await machine.shell('findmnt --noheadings --output FSTYPE,OPTIONS /'), /^squashfs +ro/)
  t.true(Number(await machine.shell('findmnt --noheadings --bytes --output SIZE /data')) > 3 * 1024 ** 3)
  t.true((await exposureOf(machine, 'cairn')) < 3)
  t.log(`agent's exposure ${await exposureOf(machine, 'cairn-agent')}; ${await memory(machine)}`)

  const identity = 'cat /etc/machine-id /data/system/ssh/*.pub'
  const before = await machine.shell(identity)
  await machine.powerOff()
  t.log(`files after ${await machine.start()} s`)
  t.is(await machine.shell(identity), before)
  await eventually(async () => (await getFile(machine, 'hello.txt')) === 'a stone upon a stone', 60_000)
  await seesBySmb(machine, 'from-smb')
  return machine
}

/** A file on the boot partition sets it up, and loses its passwords. The machine goes on running. */
export async function setsItselfUp(t: ExecutionContext, options: MachineOptions): Promise<Machine> {
  const document = { ...setupDocument, erase: [] }
  const bootFiles = { 'cairn-setup.json': JSON.stringify(document) }
  const machine = await createMachine(t, { ...options, disks, bootFiles })
  t.log(`answers after ${await machine.start()} s`)
  await eventually(async () => (await putFile(machine, 'hello.txt', 'hello')) === 201, 4 * 60_000)
  t.is(await getFile(machine, 'hello.txt'), 'hello')
  await eventually(
    async () => !(await machine.shell('cat /boot/efi/cairn-setup.json')).includes(admin.password),
    60_000,
  )
  t.regex(await machine.shell('cat /boot/efi/cairn-setup.json'), /"name": "admin"/)
  t.is((await machine.shell('systemctl --failed --no-legend --plain')).trim(), '')
  return machine
}

async function claimCode(machine: Machine): Promise<string> {
  let code: string | undefined
  await eventually(async () => {
    const text = await machine.shell('cat /boot/efi/cairn-claim-code.txt || true')
    code = /^Claim code: (\S+)/.exec(text)?.[1]
    return code !== undefined
  }, 120_000)
  return code ?? ''
}

async function setUp(machine: Machine, code: string) {
  const unlocked = await ask(machine, 'POST', '/setup/unlock', { body: { code } })
  const cookie = unlocked.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const applied = await ask(machine, 'POST', '/setup/apply', { body: setupDocument, cookie })
  if (applied.status !== 202) throw new Error(await applied.text())
  await eventually(async () => {
    const answer = await ask(machine, 'GET', '/setup/progress', { cookie })
    const { state, error } = (await answer.json()) as { state: string; error: unknown }
    if (error) throw new Error(JSON.stringify(error))
    return state === 'done'
  }, 5 * 60_000)
}

/** The wizard's last page is still read; files are not to be had any more, and whoever looks after the box is answered. */
async function leadsToHttps(t: ExecutionContext, machine: Machine) {
  const statusOf = async (path: string) =>
    (await fetch(`${machine.plainUrl}${path}`, { redirect: 'manual' })).status
  t.is(await statusOf('/webdav/shared/hello.txt'), 308)
  t.is(await statusOf('/setup'), 200)
  t.is(await statusOf('/health/live'), 200)
  t.is(await statusOf('/health/ready'), 200)
}

/** Over HTTP, as the wizard does. */
function ask(machine: Machine, method: string, path: string, given: { body?: unknown; cookie?: string }) {
  return fetch(`${machine.plainUrl}/api/v1${path}`, {
    method,
    headers: {
      cookie: given.cookie ?? '',
      ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
  })
}

async function putFile(machine: Machine, name: string, body: string): Promise<number> {
  const headers = { authorization: basic(admin) }
  return (await fetch(`${machine.url}/webdav/shared/${name}`, { method: 'PUT', headers, body })).status
}

async function getFile(machine: Machine, name: string): Promise<string> {
  const headers = { authorization: basic(admin) }
  return (await fetch(`${machine.url}/webdav/shared/${name}`, { headers })).text()
}

/** Where all is emulated smbd may need a while longer than the page. */
async function seesBySmb(machine: Machine, name: string) {
  const isSeen = () =>
    smb(machine, 'shared', 'ls').then(
      said => said.includes(name),
      () => false,
    )
  await eventually(isSeen, 2 * 60_000)
}

/** Of systemd-analyze(1): 0 is sealed, 10 is bare. */
async function exposureOf(machine: Machine, unit: string): Promise<number> {
  const text = await machine.shell(`systemd-analyze security --no-pager ${unit}.service | tail -1`)
  return Number(/: (\d+\.\d+)/.exec(text)?.[1])
}

async function memory(machine: Machine): Promise<string> {
  const text = await machine.shell('free --mebi')
  const [total, used] = /Mem: +(\d+) +(\d+)/.exec(text)?.slice(1) ?? []
  return `${used} of ${total} MiB of memory in use`
}

async function codeOnConsole(machine: Machine): Promise<string> {
  let code: string | undefined
  await eventually(async () => {
    code = /claim code:?\s+(\S+)/.exec(await machine.console())?.[1]
    return code !== undefined
  }, 2 * 60_000)
  return code ?? ''
}

function unlock(machine: Machine, code: string) {
  const body = JSON.stringify({ code })
  const headers = { 'content-type': 'application/json' }
  return fetch(`${machine.plainUrl}/api/v1/setup/unlock`, { method: 'POST', headers, body })
}
