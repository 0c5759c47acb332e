import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openApiDocument } from '../../appliance/http/openapi.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { type Brought, measurements, tuningReport } from '../../appliance/tuning/schema/index.ts'
import { writeBrought } from '../../appliance/tuning/system/brought.ts'
import { tuningFolderIn } from '../../appliance/tuning/system/index.ts'
import { ofParts } from '../helpers/machine-text.ts'
import { people } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { type TuningBox, tuningBox, well } from './box.ts'
import { vm } from './fake-machine.ts'

const ann = { name: 'ann', password: 'Ann-pass-11' }
const bob = { name: 'bob', password: 'Bob-pass-22' }

async function restOf(t: ExecutionContext, { tuning }: TuningBox) {
  const { users } = await people(t)
  await users.create({ ...ann, role: 'admin' })
  await users.create(bob)
  const ask = await serve(t, tuning.domain.routes ?? [], users.authenticate)
  return Object.assign(
    (method: string, path: string, body?: unknown) => ask(method, path, { as: ann, body }),
    {
      ask,
    },
  )
}

test('an administrator sees the machine, the settings and why; nobody else does', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const { status, body } = await rest('GET', '/tuning')
  t.is(status, 200)
  t.deepEqual(tuningReport.parse(body), body)
  t.like(
    body.settings.find(({ name }: { name: string }) => name === 'vm.swappiness'),
    { from: '60', to: '180', state: 'planned', evidence: 'All swap is zram.' },
  )
  for (const [method, path] of [
    ['GET', '/tuning'],
    ['GET', '/tuning/report'],
    ['POST', '/tuning/apply'],
    ['POST', '/tuning/calibrate'],
  ] as const) {
    t.is((await rest.ask(method, path, { as: bob })).status, 403, path)
    t.is((await rest.ask(method, path)).status, 401, path)
  }
})

test('every route stands in the OpenAPI document', async t => {
  const { tuning } = await tuningBox(t)
  const { paths } = openApiDocument(tuning.domain.routes ?? [], '1') as { paths: Record<string, object> }
  t.deepEqual(Object.keys(paths).sort(), [
    '/tuning',
    '/tuning/apply',
    '/tuning/automatic',
    '/tuning/calibrate',
    '/tuning/report',
    '/tuning/revert',
    '/tuning/settings/{name}',
  ])
})

test('a value of one’s own goes before the plan’s, is kept, and can be given back', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const setting = async () =>
    (await rest('GET', '/tuning')).body.settings.find(
      ({ name }: { name: string }) => name === 'vm.swappiness',
    )
  t.is((await rest('PUT', '/tuning/settings/vm.swappiness', { value: '100' })).status, 204)
  t.like(await setting(), { to: '100', isChoice: true, reason: 'You chose this value.', state: 'planned' })
  t.is(await box.tuning.valueOf('vm.swappiness'), '100')
  t.is((await rest('PUT', '/tuning/settings/vm.swappiness', { value: null })).status, 204)
  t.like(await setting(), { to: '180', isChoice: false })
})

test('a setting that no rule speaks of may be chosen where the machine has it', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  t.is((await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: '1024' })).status, 204)
  const { body } = await rest('GET', '/tuning')
  t.like(
    body.settings.find(({ name }: { name: string }) => name === 'disk.sda.read-ahead'),
    { from: '128', to: '1024', state: 'planned', isChoice: true },
  )
})

test('what cannot be is refused, and names the field', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const put = (name: string, value: unknown) => rest('PUT', `/tuning/settings/${name}`, { value })
  t.like(await put('vm.swappiness', '201'), { status: 400, body: { error: { code: 'tuning/bad-value' } } })
  t.like(await put('disk.sda.scheduler', 'kyber'), {
    status: 400,
    body: { error: { code: 'tuning/bad-value' } },
  })
  for (const value of ['MD5', 'HMAC-SHA256,HMAC-SHA256', 'HMAC-SHA256, AES-128-GMAC', 'no'])
    t.like(await put('samba.signing', value), { status: 400, body: { error: { code: 'tuning/bad-value' } } })
  t.like(await put('servers.count', '0'), { status: 400, body: { error: { code: 'tuning/bad-value' } } })
  t.like(await put('vm.overcommit', '1'), { status: 404, body: { error: { code: 'tuning/no-setting' } } })
  t.like(await put('..%2F..%2Fetc%2Fpasswd', '1'), {
    status: 400,
    body: { error: { code: 'input/invalid' } },
  })
  for (const value of ['60\n', '', 'x'.repeat(300), 60, {}])
    t.is((await put('vm.swappiness', value)).body.error?.code, 'input/invalid', JSON.stringify(value))
})

test('applying sets group after group, watches each, and tells what was found', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const { status, body } = await rest('POST', '/tuning/apply')
  t.is(status, 202)
  t.like(await box.ended(body.job), { state: 'done', error: null })
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  t.is(await box.machine.get('/sys/block/sda/queue/scheduler'), 'mq-deadline')
  const settings = (await rest('GET', '/tuning')).body.settings
  t.like(
    settings.find(({ name }: { name: string }) => name === 'vm.swappiness'),
    { from: '60', to: '180', state: 'applied', revert: 'It is set back to 60.' },
  )
  t.deepEqual(
    settings.filter(({ state }: { state: string }) => state === 'planned'),
    [],
  )
})

test('one setting alone is applied; what is not planned is refused', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: '1024' })
  await box.ended((await rest('POST', '/tuning/apply?name=disk.sda.read-ahead')).body.job)
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: null })
  const { body } = await rest('POST', '/tuning/apply?name=vm.swappiness')
  t.like(await box.ended(body.job), { state: 'done', error: null })
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  t.is(await box.machine.get(`${vm}/page-cluster`), '3')
  t.is(await box.machine.get('/sys/block/sda/queue/read_ahead_kb'), '1024')
  for (const name of ['vm.swappiness', 'servers.count', 'vm.nothing'])
    t.like(await rest('POST', `/tuning/apply?name=${name}`), {
      status: 404,
      body: { error: { code: 'tuning/not-planned' } },
    })
  t.is((await rest('POST', '/tuning/apply?name=..%2Fetc')).status, 400)
})

test('one setting or all go back to what was found', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(await rest('POST', '/tuning/revert', { name: 'vm.swappiness' }), {
    status: 200,
    body: { reverted: ['vm.swappiness'], failed: [] },
  })
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.is(await box.machine.get(`${vm}/page-cluster`), '0')
  t.is((await rest('POST', '/tuning/revert', {})).status, 200)
  t.is(await box.machine.get(`${vm}/page-cluster`), '3')
  t.is((await rest('POST', '/tuning/revert', { name: 'vm.swappiness' })).status, 404)
})

test('a group after which the box does worse is undone, and the others stay', async t => {
  const box = await tuningBox(t)
  box.whileWatched(look => {
    if (look !== 3) return
    box.becomes({
      state: 'warning',
      issues: [
        { code: 'storage/disk-failing', subject: 'x', title: 'A disk of the pool "pool" made errors' },
      ],
    })
  })
  const rest = await restOf(t, box)
  const end = await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(end, { state: 'failed', error: { code: 'tuning/undone' } })
  t.is(
    end.error?.message,
    'The memory: The box did worse with it (A disk of the pool "pool" made errors), so it went back to what was found.',
  )
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.is(await box.machine.get('/sys/block/sda/queue/scheduler'), 'mq-deadline')
})

test('a group after which writing takes three times as long is undone', async t => {
  const box = await tuningBox(t, [{ name: 'pool', path: '/srv/cairn/pool', disks: ['sda'] }])
  const rest = await restOf(t, box)
  box.poolsTake({ median: 8, p99: 40 })
  await box.ended((await rest('POST', '/tuning/calibrate')).body.job)
  box.whileWatched(look => box.poolsTake({ median: 9, p99: look === 14 ? 130 : 110 }))
  const end = await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.is(
    end.error?.message,
    'The disks: The box did worse with it (writing to the pool pool takes 130 ms, and took 40 ms when it was measured), so it went back to what was found.',
  )
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  t.is(await box.machine.get('/sys/block/sda/queue/scheduler'), 'none')
})

test('what was undone says so until it holds', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const swappiness = async () =>
    (await rest('GET', '/tuning')).body.settings.find(
      ({ name }: { name: string }) => name === 'vm.swappiness',
    )
  box.whileWatched(look => {
    if (look === 1) box.becomes({ state: 'danger', issues: [] })
  })
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(await swappiness(), {
    state: 'planned',
    problem:
      'It was set before, and undone: The box did worse with it (The box is not as well as before), so it went back to what was found.',
  })
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(await swappiness(), { state: 'applied', problem: null })
  await rest('POST', '/tuning/revert', {})
  t.like(await swappiness(), { state: 'planned', problem: null })
})

test('trouble that was there before undoes nothing', async t => {
  const box = await tuningBox(t)
  box.becomes({ ...well, state: 'danger', issues: [{ code: 'a/b', title: 'Old trouble' }] })
  const rest = await restOf(t, box)
  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'done' })
})

test('a group that cannot be set leaves the others to be set', async t => {
  const box = await tuningBox(t)
  await box.machine.refuse('/proc/sys/vm/page-cluster')
  const rest = await restOf(t, box)
  const end = await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(end, { state: 'failed', error: { code: 'tuning/undone' } })
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.is(await box.machine.get('/sys/block/sda/queue/scheduler'), 'mq-deadline')
})

test('cancelling while a group is watched undoes that group', async t => {
  const box = await tuningBox(t)
  const { id } = await startApplying(t, box)
  t.like(await box.ended(id), { state: 'cancelled' })
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
})

async function startApplying(t: ExecutionContext, box: TuningBox) {
  const rest = await restOf(t, box)
  let id = ''
  box.whileWatched(look => {
    if (look === 2) void box.jobs.cancel(id)
  })
  id = (await rest('POST', '/tuning/apply')).body.job
  return { id }
}

const signing = 'samba.signing'
const hmacFirst = 'HMAC-SHA256,AES-128-GMAC,AES-128-CMAC'

test('what other parts take up is handed to them, kept, and given back', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const handed: object[] = []
  box.tuning.onTaken(async () => void handed.push(await box.tuning.taken()))
  await rest('PUT', `/tuning/settings/${signing}`, { value: hmacFirst })
  const setting = async () =>
    (await rest('GET', '/tuning')).body.settings.find(({ name }: { name: string }) => name === signing)
  const own = 'AES-128-GMAC,AES-128-CMAC,HMAC-SHA256'
  t.like(await setting(), { from: own, to: hmacFirst, state: 'planned', group: 'faces' })
  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'done' })
  t.deepEqual(handed, [{ [signing]: hmacFirst }])
  t.like(await setting(), { from: own, to: hmacFirst, state: 'applied', revert: `It is set back to ${own}.` })
  t.deepEqual((await rest('POST', '/tuning/revert', { name: signing })).body, {
    reverted: [signing],
    failed: [],
  })
  t.deepEqual(handed[1], {})
  t.like(await setting(), { from: own, to: hmacFirst, state: 'planned' })
})

test('server processes, the index and NFS take up what is applied, and one that is fixed says why', async t => {
  const pools = [{ name: 'away', path: '/srv/cairn/away', disks: ['sda'] }]
  const problem = 'Their number was given by --servers when Cairn was started.'
  const fixed = await tuningBox(t, pools, {
    parts: { ...ofParts, 'servers.count': { value: '2', problem } },
  })
  const nameOf = (name: string) => (setting: { name: string }) => setting.name === name
  const { settings } = await fixed.tuning.report()
  t.like(settings.find(nameOf('servers.count')), { state: 'as-is', to: '2' })
  await fixed.tuning.domain.stop?.()

  const box = await tuningBox(t, pools, { parts: ofParts })
  const rest = await restOf(t, box)
  const handed: object[] = []
  box.tuning.onTaken(async () => void handed.push(await box.tuning.taken()))
  t.like((await rest('GET', '/tuning')).body.settings.find(nameOf('sqlite.cache')), {
    from: '8192000',
    to: '15728640',
    state: 'planned',
    choices: [],
  })
  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'done' })
  t.deepEqual(handed.at(-1), {
    'nfs.threads': '61',
    'servers.count': '2',
    'sqlite.cache': '15728640',
    'tls.ciphers': (await rest('GET', '/tuning')).body.settings.find(nameOf('tls.ciphers')).to,
  })
  for (const value of [
    'TLS_AES_128_GCM_SHA256',
    'aes',
    `${'TLS_AES_128_GCM_SHA256,'.repeat(2)}TLS_AES_256_GCM_SHA384`,
  ])
    t.is((await rest('PUT', '/tuning/settings/tls.ciphers', { value })).status, 400, value)
  for (const value of ['0', '65', '2.5', 'two'])
    t.is((await rest('PUT', '/tuning/settings/servers.count', { value })).status, 400, value)
  await rest('POST', '/tuning/revert', {})
  t.deepEqual(handed.at(-1), {})
})

test('what groups brought is told where it was measured on this hardware, and nowhere else', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const folder = tuningFolderIn(box.machine.dataDir)
  const brought = async () => (await rest('GET', '/tuning')).body.brought
  t.is(await brought(), null)
  await box.ended((await rest('POST', '/tuning/calibrate')).body.job)
  const { machine } = (await rest('GET', '/tuning')).body.measurements
  const found: Brought = {
    takenAt: '2026-11-26T07:00:00.000Z',
    machine,
    pairs: 12,
    results: [
      {
        group: 'pools',
        what: 'compression none rather than zstd:1',
        work: 'writing what can be packed',
        percent: { median: 65, low: 60, high: 70.5 },
      },
    ],
  }
  await writeBrought(folder, found)
  t.deepEqual(await brought(), found)
  t.regex(
    (await rest('GET', '/tuning/report')).text,
    /^brought {5}pools: compression none .*: 65 % faster \(60 to 70\.5\)$/m,
  )
  await box.machine.put('/proc/meminfo', 'MemTotal: 8014740 kB\n')
  t.is(await brought(), null)
})

test('a file about it that is damaged is as if it had never been measured, and none is written', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const folder = tuningFolderIn(box.machine.dataDir)
  await mkdir(folder, { recursive: true })
  for (const text of ['{', '{}', '[]', '']) {
    await writeFile(join(folder, 'brought.json'), text)
    t.like(await rest('GET', '/tuning'), { status: 200, body: { brought: null } })
  }
  const wrong = { group: 'pools', what: 'x', work: 'x', percent: { median: 5, low: 6, high: 7 } } as const
  const found = { takenAt: '2026-11-26T07:00:00.000Z', machine: 'x', pairs: 12, results: [wrong] }
  t.throws(() => writeBrought(folder, found), { message: /out of order/ })
})

test('what another part cannot take is as before, in its own words, and the other groups stay', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const words = 'Samba refuses its new configuration: Unknown parameter'
  box.tuning.onTaken(async () => {
    if (signing in (await box.tuning.taken())) throw new Failure('conflict', 'shares/smb-refused', words)
  })
  await rest('PUT', `/tuning/settings/${signing}`, { value: hmacFirst })
  const end = await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.is(end.error?.message, `The network drives: ${words} The settings of this group are as they were.`)
  t.deepEqual(await box.tuning.taken(), {})
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
})

test('what other parts took is given back when the box does worse', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  await rest('PUT', `/tuning/settings/${signing}`, { value: hmacFirst })
  let told = 0
  box.tuning.onTaken(async () => {
    told += 1
    if (told === 1) box.whileWatched(() => box.becomes({ state: 'danger', issues: [] }))
  })
  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'failed' })
  t.deepEqual(await box.tuning.taken(), {})
  t.is(told, 2)
})

test('another process hears what was taken, once', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const other = await box.another()
  const heard: object[] = []
  other.onTaken(async () => void heard.push(await other.taken()))
  await rest('PUT', `/tuning/settings/${signing}`, { value: hmacFirst })
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  await rest('GET', '/tuning')
  t.deepEqual(heard, [{ [signing]: hmacFirst }])
})

test('two at once are refused, and the second hears of the first', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  let second: Awaited<ReturnType<typeof rest>> | undefined
  let asked: Promise<unknown> | undefined
  box.whileWatched(look => {
    if (look !== 1) return
    asked = rest('POST', '/tuning/revert', {}).then(answer => {
      second = answer
    })
  })
  const { body } = await rest('POST', '/tuning/apply')
  await box.ended(body.job)
  await asked
  t.like(second, { status: 409, body: { error: { code: 'tuning/busy', details: { job: body.job } } } })
})

test('what nothing asks for any more is put back by the next apply', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: '1024' })
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.is(await box.machine.get('/sys/block/sda/queue/read_ahead_kb'), '1024')
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: null })
  t.like(
    (await rest('GET', '/tuning')).body.settings.find(
      ({ name }: { name: string }) => name === 'disk.sda.read-ahead',
    ),
    { state: 'applied', from: '128', to: '1024' },
  )
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.is(await box.machine.get('/sys/block/sda/queue/read_ahead_kb'), '128')
})

test('the text for a bug report tells no pool’s name, no key of a disk and no serial', async t => {
  const pools = [{ name: 'annas-files', path: '/srv/cairn/annas-files', disks: ['sda'] }]
  const box = await tuningBox(t, pools)
  await box.machine.put('/sys/block/sda/wwid', 'naa.5000c500a1b2c3d4\n')
  await box.machine.addCard('enx00e04c680001', 'r8152')
  const rest = await restOf(t, box)
  const { status, headers, text } = await rest('GET', '/tuning/report')
  t.is(status, 200)
  t.regex(headers.get('content-type') ?? '', /^text\/plain/)
  t.regex(text, /^Cairn 1\.2\.3, kernel/)
  t.regex(text, /^planned {5}disk\.sda\.scheduler: none -> mq-deadline$/m)
  t.regex(text, /^unavailable pool\.1\.layout: \? -> nossd /m)
  t.notRegex(text, /annas|5000c500/)
  t.notRegex(text, /[0-9a-f]{8}\./)
  t.regex(text, /^Network enx…: r8152, /m)
  t.notRegex(text, /00e04c680001/)
})

test('the calibration measures in less than a minute, is kept, and counts only on this hardware', async t => {
  const box = await tuningBox(t, [{ name: 'away', path: '/srv/cairn/away', disks: ['sda'] }])
  const rest = await restOf(t, box)
  const from = performance.now()
  t.like(await box.ended((await rest('POST', '/tuning/calibrate')).body.job), { state: 'done', error: null })
  t.true(performance.now() - from < 60_000)
  const { body } = await rest('GET', '/tuning')
  const figures = measurements.parse(body.measurements)
  t.true(body.isMeasuredHere)
  for (const rate of [...Object.values(figures.ciphers), ...Object.values(figures.hashes)]) t.true(rate > 1)
  t.true(figures.compression.every(({ mbPerSecond, ratio }) => mbPerSecond > 0.1 && ratio > 1.2))
  t.true((figures.memoryMbPerSecond ?? 0) > 10)
  t.true((figures.loopbackMbPerSecond ?? 0) > 1)
  t.deepEqual(figures.pools, [])
  t.truthy(body.settings.find(({ name }: { name: string }) => name === 'samba.signing'))

  await box.machine.put('/proc/meminfo', 'MemTotal: 8014740 kB\n')
  const after = (await rest('GET', '/tuning')).body
  t.like(after, { isMeasuredHere: false, measurements: { takenAt: figures.takenAt } })
  t.falsy(after.settings.find(({ name }: { name: string }) => name === 'samba.signing'))
})

test('a calibration that is cancelled keeps nothing', async t => {
  const box = await tuningBox(t)
  const rest = await restOf(t, box)
  const { body } = await rest('POST', '/tuning/calibrate')
  await box.jobs.cancel(body.job)
  t.like(await box.ended(body.job), { state: 'cancelled' })
  t.is((await rest('GET', '/tuning')).body.measurements, null)
})
