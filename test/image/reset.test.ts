import test from 'ava'
import { admin, basic, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'

/** A factory reset of the image: by a file on its boot partition, and by the page with the pool erased. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const patienceMs = 10 * 60_000

const setup = {
  admin,
  pool: { name: 'pool', profile: 'single', disks: ['DISK1'] },
  shares: [{ name: 'shared', everyone: 'write' }],
}

onMachine(
  `a file on the boot partition resets the box and keeps its pool; the page erases it as well${because}`,
  async t => {
    t.timeout(40 * 60_000)
    const machine = await createMachine(t, {
      firmware: 'uefi',
      disks: ['DISK1'],
      bootFiles: { 'cairn-setup.json': JSON.stringify(setup) },
    })
    t.log(`answers after ${await machine.start()} s`)
    await eventually(async () => (await file(machine, 'PUT', 'a.txt')).status === 201, patienceMs)
    await eventually(
      async () => !(await ask(machine, 'cat /boot/efi/cairn-setup.json')).includes(admin.password),
      patienceMs,
    )
    await eventually(async () => (await ask(machine, 'cat /data/system/proven')).trim() !== '', patienceMs)
    const authority = await fingerprint(machine)

    await machine.shell('touch /boot/efi/cairn-reset; sync')
    const startedAt = Date.now()
    await machine.shell('systemctl reboot').catch(() => '')
    await isUnclaimed(machine)
    t.log(`its wizard after ${Math.round((Date.now() - startedAt) / 1000)} s`)
    t.not(await fingerprint(machine), authority)
    await t.throwsAsync(machine.shell('true'))
    const setUp = await unlocked(machine)
    const found = (await setUp('GET', '/setup/pools')).body
    t.like(found, [{ name: 'pool', shares: ['shared'], homes: ['admin'] }])
    await applied(setUp, {
      import: [{ uuid: found[0].uuid }],
      shares: [{ name: 'shared', everyone: 'write' }],
    })
    t.is((await file(machine, 'GET', 'a.txt')).text, 'a.txt')

    const wish = { password: admin.password, confirm: 'cairn', erase: { pool: 'pool' } }
    t.is((await rest(machine, 'POST', '/reset', wish)).status, 202)
    await isUnclaimed(machine)
    const again = await unlocked(machine)
    t.deepEqual((await again('GET', '/setup/pools')).body, [])
    t.like(
      (await again('GET', '/setup/disks')).body.find((disk: { serial: string }) => disk.serial === 'DISK1'),
      {
        use: 'free',
        contents: 'Empty',
      },
    )
  },
)

async function file(machine: Machine, method: 'PUT' | 'GET', name: string) {
  const body = method === 'PUT' ? { body: name } : {}
  return fetch(`${machine.url}/webdav/shared/${name}`, {
    method,
    headers: { authorization: basic(admin) },
    ...body,
  }).then(
    async answer => ({ status: answer.status, text: await answer.text() }),
    () => ({ status: 0, text: '' }),
  )
}

const ask = (machine: Machine, command: string) => machine.shell(command).catch(() => '')

// biome-ignore lint/suspicious/noExplicitAny: tests look into many shapes, and fail where one is wrong
type Answer = { status: number; body: any }

async function rest(
  machine: Machine,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Answer> {
  const answer = await fetch(`${machine.url}/api/v1${path}`, {
    method,
    headers: { authorization: basic(admin), 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

async function fingerprint(machine: Machine): Promise<string> {
  return (await rest(machine, 'GET', '/network/certificate')).body.authority.fingerprint
}

async function isUnclaimed(machine: Machine) {
  await eventually(
    () =>
      fetch(`${machine.plainUrl}/api/v1/setup`).then(
        async answer => answer.ok && ((await answer.json()) as { isClaimed: boolean }).isClaimed === false,
        () => false,
      ),
    patienceMs,
  )
  await eventually(
    async () => (await fetch(`${machine.plainUrl}/api/v1/network/authority.crt`)).ok,
    patienceMs,
  )
  await machine.trust()
}

/** By the code that the console shows, which may come a moment after the wizard, and after an older one. */
async function unlocked(machine: Machine) {
  const tried = new Set<string>()
  let cookie = ''
  await eventually(async () => {
    const code = [...(await machine.console()).matchAll(/claim code (\S+)/g)].at(-1)?.[1]
    if (code === undefined || tried.has(code)) return false
    const answer = await fetch(`${machine.url}/api/v1/setup/unlock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    })
    // Not where it came within a second of the older one (429), or the box has only begun to answer.
    if (answer.status < 429) tried.add(code)
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    return answer.ok
  }, patienceMs)
  return (method: string, path: string, body?: unknown) =>
    rest(machine, method, path, body, { authorization: '', cookie })
}

async function applied(setUp: Awaited<ReturnType<typeof unlocked>>, document: object) {
  const { status, body } = await setUp('POST', '/setup/apply', { admin, ...document })
  if (status !== 202) throw new Error(JSON.stringify(body))
  await eventually(async () => (await setUp('GET', '/setup/progress')).body?.state === 'done', 120_000)
}
