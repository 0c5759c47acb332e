import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { chmod, chown, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { requireTyped } from '../../appliance/reset/plan.ts'
import { finishReset } from '../../appliance/reset/system/finishing.ts'
import { createResetOperations } from '../../appliance/reset/system/index.ts'
import { markName, readMark, writeMark } from '../../appliance/reset/system/mark.ts'
import { resetImage } from '../../image/resetting.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const uuid = '58158e23-2ab7-4879-8bfa-27aecb4bcf18'
const pool = { name: 'photos', uuid, serials: ['DISK1'] }
const settings = [
  'cairn.db',
  'cairn.db-wal',
  'network/authority.pem',
  'samba/private/passdb.tdb',
  'updates/a',
]
const kept = ['disks/disk-1.img', 'tuning/applied.json', 'pools/photos/shares/a.txt', 'notes.txt']

async function dataFolder(t: ExecutionContext) {
  const dataDir = await tempFolder(t)
  for (const path of [...settings, ...kept]) put(dataDir, path)
  const erased: string[] = []
  const places = {
    dataDir,
    poolsDir: join(dataDir, 'pools'),
    async erase(pools: readonly { name: string }[]) {
      erased.push(...pools.map(({ name }) => name))
      return []
    },
  }
  const names = () => readdirSync(dataDir).sort()
  return { dataDir, places, erased, names }
}

function put(folder: string, path: string, text = 'secret') {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

test('nothing is reset that nobody has asked for', async t => {
  const { places, names, erased } = await dataFolder(t)
  const before = names()
  t.is(await finishReset(places), null)
  t.deepEqual(names(), before)
  t.deepEqual(erased, [])
})

test('the settings go, what is on disks and what is not ours stays', async t => {
  const { dataDir, places, names, erased } = await dataFolder(t)
  mkdirSync(join(dataDir, 'pools', 'empty-mount-point'))
  await writeMark(dataDir, { format: 1, erase: [] })
  t.deepEqual(await finishReset(places), { problems: [] })
  t.deepEqual(names(), ['disks', 'notes.txt', 'pools', 'tuning'])
  t.true(existsSync(join(dataDir, 'pools/photos/shares/a.txt')))
  t.false(existsSync(join(dataDir, 'pools/empty-mount-point')))
  t.deepEqual(erased, [])
  t.is(await finishReset(places), null)
})

test('a reset that is cut off anywhere is done at the next start', async t => {
  const { dataDir, places, names, erased } = await dataFolder(t)
  await writeMark(dataDir, { format: 1, erase: [pool] })
  const cut = async () => Promise.reject(new Error('the power went'))
  await t.throwsAsync(finishReset({ ...places, erase: cut }), { message: 'the power went' })
  t.true(names().includes('cairn.db'))
  // Cut in the midst of the settings: what is left of them goes, and the disks are looked at once more.
  for (const half of ['cairn.db', 'network']) t.true(names().includes(half))
  t.deepEqual(await finishReset({ ...places, also: [join(dataDir, 'not', 'there')] }), { problems: [] })
  t.deepEqual(erased, ['photos'])
  t.false(names().includes(markName))
  t.false(names().includes('cairn.db'))
})

test('what could not be erased is told', async t => {
  const { dataDir, places } = await dataFolder(t)
  await writeMark(dataDir, { format: 1, erase: [pool] })
  const done = await finishReset({ ...places, erase: async () => ['DISK1 does not answer.'] })
  t.deepEqual(done, { problems: ['DISK1 does not answer.'] })
})

testIf('root')('a note that a server has put there resets nothing', async t => {
  const { dataDir, places, names } = await dataFolder(t)
  await writeMark(dataDir, { format: 1, erase: [] })
  await chmod(join(dataDir, markName), 0o644)
  await chown(join(dataDir, markName), 2770, 2770)
  t.is(await readMark(dataDir), undefined)
  t.is(await finishReset(places), null)
  t.true(names().includes('cairn.db'))
})

test('a note that cannot be read stops the start, and touches nothing', async t => {
  const { dataDir, places, names } = await dataFolder(t)
  writeFileSync(join(dataDir, markName), '{"format":2}')
  await t.throwsAsync(finishReset(places), { code: 'reset/mark-broken' })
  writeFileSync(join(dataDir, markName), '{')
  await t.throwsAsync(finishReset(places), { code: 'reset/mark-broken' })
  t.true(names().includes('cairn.db'))
})

test('the agent notes only what was named, and starts again only what was noted', async t => {
  const { dataDir } = await dataFolder(t)
  let restarts = 0
  const operations = createResetOperations({ dataDir, startAgain: async () => void restarts++ })
  const agent = createLocalAgent(operations as never, silentLog)
  await t.throwsAsync(agent.call('reset/restart', {}), { code: 'reset/not-begun' })
  await t.throwsAsync(agent.call('reset/begin', { erase: [pool], confirm: { photos: 'photo' } }), {
    code: 'reset/not-confirmed',
  })
  t.is(await readMark(dataDir), undefined)
  await agent.call('reset/begin', { erase: [pool], confirm: { photos: 'photos' } })
  t.deepEqual(await readMark(dataDir), { format: 1, erase: [pool] })
  await agent.call('reset/restart', {})
  t.is(restarts, 1)
})

test('the name of the box is typed, and that of each pool that is to go', t => {
  const plan = { name: 'attic', pools: [{ name: 'photos', disks: [] }] }
  const fieldsOf = (given: { confirm: string; erase: Record<string, string> }) => {
    const error = t.throws(() => requireTyped(given, plan), { code: 'reset/not-confirmed' })
    return Object.keys((error as unknown as { details: { fields: object } }).details.fields)
  }
  t.notThrows(() => requireTyped({ confirm: 'attic', erase: { photos: ' photos ' } }, plan))
  t.deepEqual(fieldsOf({ confirm: 'Attic', erase: {} }), ['confirm'])
  t.deepEqual(fieldsOf({ confirm: 'attic', erase: { photos: '', music: 'music' } }), [
    'erase.photos',
    'erase.music',
  ])
})

const systemFiles = ['machine-id', 'ssh/ssh_host_ed25519_key', 'before/cairn.db', 'failed/cairn.db', 'trial']
const systemKept = ['proven', 'rauc/central.raucs', 'systemd/random-seed']

async function image(t: ExecutionContext) {
  const { places, names } = await dataFolder(t)
  const [system, bootFolder] = [await tempFolder(t), await tempFolder(t)]
  for (const path of [...systemFiles, ...systemKept]) put(system, path)
  for (const name of ['authorized_keys', 'README.txt']) put(bootFolder, name)
  const reset = () => resetImage({ ...places, system, bootFolder, log: silentLog })
  const isThere = (path: string) => existsSync(join(system, path))
  return { reset, isThere, names, bootFolder, dataDir: places.dataDir }
}

test('on the image the box becomes another one, and goes on with the version that it knows to be good', async t => {
  const { reset, isThere, names, bootFolder, dataDir } = await image(t)
  t.false(await reset())
  t.true(names().includes('cairn.db'))
  await writeMark(dataDir, { format: 1, erase: [] })
  t.true(await reset())
  for (const path of systemFiles) t.false(isThere(path), path)
  for (const path of systemKept) t.true(isThere(path), path)
  t.deepEqual(readdirSync(bootFolder), ['README.txt'])
  t.false(await reset())
})

for (const name of ['cairn-reset', 'cairn-reset.txt'])
  test(`a file ${name} on the boot partition resets once, and erases no pool`, async t => {
    const { reset, names, bootFolder } = await image(t)
    put(bootFolder, name, '')
    put(bootFolder, 'cairn-setup.json', '{"admin": {"name": "ann", "password": ""}}')
    t.true(await reset())
    t.false(names().includes('cairn.db'))
    t.deepEqual(readdirSync(bootFolder), ['README.txt'])
    t.false(await reset())
  })

test('a setup file that was not used yet stays beside the wish for a reset', async t => {
  const { reset, bootFolder } = await image(t)
  put(bootFolder, 'cairn-reset', '')
  put(bootFolder, 'cairn-setup.json', '{"admin": {"name": "ann", "password": "long enough"}}')
  t.true(await reset())
  t.regex(await readFile(join(bootFolder, 'cairn-setup.json'), 'utf8'), /long enough/)
})

test('a wish that cannot be removed resets nothing, rather than at every start', async t => {
  const { reset, names, bootFolder } = await image(t)
  // Not to be removed as a file is.
  mkdirSync(join(bootFolder, 'cairn-reset'))
  t.false(await reset())
  t.true(names().includes('cairn.db'))
  t.false(names().includes(markName))
})
