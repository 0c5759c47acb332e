import { type Cairn, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd')
const unclaimed = ['--practice-disks', '2', '--practice-size', '1G']
const ann = { name: 'ann', password: 'Ann-secret-9' }

/** A browser's view of the setup: a cookie once the code was right. */
function createVisitor(cairn: Cairn) {
  let cookie = ''
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${cairn.url}/api/v1/setup${path}`, {
      method,
      headers: { cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const text = await response.text()
    // biome-ignore lint/suspicious/noExplicitAny: tests look into many shapes, and fail where one is wrong
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any }
  }
}

interface Disk {
  serial: string
  isOffered: boolean
}

/** The machine's own disks are shown as well, and not offered. */
function isOffered(disk: Disk): boolean {
  return disk.isOffered
}

function codeOf(cairn: Cairn): string {
  return /claim code (\S+?),/.exec(cairn.lines.join('\n'))?.[1] ?? 'none'
}

withBtrfs('nothing of the setup opens without the code, and a wrong code costs a second', async t => {
  const cairn = await startCairn(t, { args: unclaimed })
  const ask = createVisitor(cairn)
  for (const [method, path] of [
    ['GET', '/disks'],
    ['PUT', '/draft'],
    ['GET', '/progress'],
  ] as const) {
    t.is((await ask(method, path, method === 'PUT' ? {} : undefined)).status, 401, path)
  }
  t.like(await ask('POST', '/unlock', { code: 'AAAA-AAAA' }), {
    status: 403,
    body: { error: { code: 'setup/wrong-code' } },
  })
  t.is((await ask('POST', '/unlock', { code: codeOf(cairn) })).status, 429)
  await eventually(
    async () => (await ask('POST', '/unlock', { code: codeOf(cairn).toLowerCase() })).status === 204,
  )
  t.is((await ask('GET', '/disks')).body.filter(isOffered).length, 2)
})

withBtrfs(
  'a draft survives a restart and never holds a password; the box is set up, and the door is closed behind',
  async t => {
    const first = await startCairn(t, { args: unclaimed })
    const before = createVisitor(first)
    await before('POST', '/unlock', { code: codeOf(first) })
    await before('PUT', '/draft', { step: 'disks', admin: { name: 'ann', password: 'Ann-secret-9' } })
    await first.stop()

    const cairn = await startCairn(t, { dataDir: first.dataDir, args: unclaimed })
    const ask = createVisitor(cairn)
    t.is(codeOf(cairn), codeOf(first))
    await ask('POST', '/unlock', { code: codeOf(cairn) })
    t.deepEqual((await ask('GET', '')).body.draft, { step: 'disks', admin: { name: 'ann' } })

    const disks = (await ask('GET', '/disks')).body.filter(isOffered).map((disk: Disk) => disk.serial)
    const document = {
      admin: ann,
      pool: { name: 'pool', profile: 'raid1', disks },
      shares: [{ name: 'photos', everyone: 'read' }],
    }
    const twice = { ...document, shares: [{ name: 'ann', everyone: 'read' }] }
    t.is((await ask('POST', '/check', twice)).body.problems.length, 1)
    t.is(
      (await ask('POST', '/apply', { ...document, admin: { ...ann, password: 'x' } })).body.error.details
        .fields['admin.password'],
      'A password has at least 8 characters.',
    )
    t.deepEqual((await ask('POST', '/check', document)).body.problems, [])
    t.is((await ask('POST', '/apply', document)).status, 202)
    await eventually(async () => (await ask('GET', '/progress')).body.state !== 'running')
    t.like((await ask('GET', '/progress')).body, { state: 'done', error: null })

    t.is((await ask('GET', '')).body.isClaimed, true)
    t.like(await ask('GET', '/disks'), { status: 409, body: { error: { code: 'setup/claimed' } } })
    t.is((await ask('POST', '/unlock', { code: codeOf(cairn) })).status, 409)
    t.is((await cairn.api('GET', '/shares', undefined, ann)).body[0].name, 'photos')
  },
)
