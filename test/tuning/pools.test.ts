import { randomBytes } from 'node:crypto'
import { readFile, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Agent, createLocalAgent } from '../../appliance/agent/client.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createMounted } from '../../appliance/lib/mounted.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { run } from '../../appliance/lib/run.ts'
import { createTuning, type Tuning } from '../../appliance/tuning/index.ts'
import type { RawFacts } from '../../appliance/tuning/schema/index.ts'
import { createTuningOperations } from '../../appliance/tuning/system/index.ts'
import { testIf } from '../helpers/needs.ts'
import { people } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'
import { tunedByHand } from '../helpers/tuned-by-hand.ts'
import { type Box, startBox } from '../storage/box.ts'
import { well } from './box.ts'

const poolTest = testIf('root', 'btrfs')
const mebibyte = 1024 ** 2
const compression = 'pool.pool.compression'

poolTest(
  'compression of a mounted pool is set by apply, put back, and there again after a restart',
  async t => {
    const folder = await tempFolder(t)
    const first = await startTuned(t, folder)
    await first.box.createPool('single')
    const rest = await restOf(t, first.tuning)

    await rest.choose(compression, 'none')
    t.like(await rest.setting(compression), { from: 'zstd:1', to: 'none', state: 'planned', problem: null })
    await rest.apply(first.box)
    t.like(await rest.setting(compression), { from: 'zstd:1', to: 'none', state: 'applied' })
    t.notRegex(await optionsOf(first.box), /compress/)
    const plain = await bytesTaken(first.box, 'plain')
    t.true(plain > 30 * mebibyte, `${plain}`)

    await rest.choose(compression, 'zstd:9')
    await rest.apply(first.box)
    t.regex(await optionsOf(first.box), /compress=zstd:9,/)
    const packed = await bytesTaken(first.box, 'packed')
    t.true(packed < plain / 2, `${packed} of ${plain}`)
    // Its other options are those that storage mounts a pool with.
    t.regex(await optionsOf(first.box), /nosuid.*nodev.*noatime.*subvolid=5/)

    await first.stop()
    const second = await startTuned(t, folder)
    t.regex(await optionsOf(second.box), /compress=zstd:9,/)
    const again = await restOf(t, second.tuning)
    t.like(await again.setting(compression), { from: 'zstd:1', to: 'zstd:9', state: 'applied' })
    t.like(await again.ask('POST', '/tuning/revert', { name: compression }), {
      status: 200,
      body: { reverted: [compression], failed: [] },
    })
    t.regex(await optionsOf(second.box), /compress=zstd:1,/)
    t.like(await again.setting(compression), { from: 'zstd:1', to: 'zstd:9', state: 'planned' })
  },
)

poolTest('a pool after which the box does worse is mounted as before', async t => {
  const { box, tuning, becomesWorse } = await startTuned(t, await tempFolder(t))
  await box.createPool('single')
  const rest = await restOf(t, tuning)
  await rest.choose(compression, 'zstd:15')
  becomesWorse()
  t.like(await rest.apply(box), { state: 'failed', error: { code: 'tuning/undone' } })
  t.regex(await optionsOf(box), /compress=zstd:1,/)
  t.regex((await rest.setting(compression))?.problem ?? '', /^It was set before, and undone/)
})

poolTest('layout and discard of a pool are set, and one that cannot be written stays so', async t => {
  const { box, agent } = await startTuned(t, await tempFolder(t))
  await box.createPool('single')
  const place = join(box.poolsDir, 'pool')
  await run(['mount', '-o', 'remount,ssd,nodiscard', place])
  const apply = (...settings: [name: string, value: string][]) =>
    agent.call('tuning/apply', {
      settings: settings.map(([name, value]) => ({ name: `pool.pool.${name}`, value })),
    })
  t.deepEqual(await apply(['layout', 'nossd'], ['discard', 'sync']), [
    { name: 'pool.pool.layout', found: 'ssd', value: 'nossd', isSet: true },
    { name: 'pool.pool.discard', found: 'none', value: 'sync', isSet: true },
  ])
  t.regex(await optionsOf(box), /nossd,discard,/)
  await run(['mount', '-o', 'remount,ro', place])
  await apply(['discard', 'async'])
  t.regex(await optionsOf(box), /^ro,.* ro,.*nossd,discard=async,/)
  await agent.call('tuning/revert', { names: null })
  t.regex(await optionsOf(box), /^ro,.* ro,.*ssd,/)
  t.notRegex(await optionsOf(box), /nossd|discard/)
})

poolTest('a pool that storage mounts again has its settings before that is answered', async t => {
  const { box, agent } = await startTuned(t, await tempFolder(t))
  await box.createPool('single')
  await agent.call('tuning/apply', { settings: [{ name: compression, value: 'zstd:7' }] })
  await agent.call('tuning/keep', { names: [compression] })
  const place = join(box.poolsDir, 'pool')
  const { stdout } = await run(['findmnt', '--noheadings', '--output', 'UUID', place])
  // As after an error that has passed: storage starts such a pool afresh.
  await run(['mount', '-o', 'remount,ro', place])
  await box.agent.call('storage/mount-pool', { name: 'pool', uuid: stdout.trim(), retired: [] })
  t.regex(await optionsOf(box), /^rw,.* rw,.*compress=zstd:7,/)
  t.deepEqual(await agent.call('tuning/applied', {}), [
    { name: compression, found: 'zstd:1', value: 'zstd:7', isSet: true },
  ])
  await agent.call('tuning/revert', { names: null })
  t.regex(await optionsOf(box), /compress=zstd:1,/)
})

interface Tuned {
  box: Box
  agent: Agent
  tuning: Tuning
  becomesWorse(): void
  /** As after SIGTERM of the agent and the server. */
  stop(): Promise<void>
}

/** Real pools, and of the machine below them only their mounts: nothing else is to be tuned by a test. */
async function startTuned(t: ExecutionContext, folder: string): Promise<Tuned> {
  const mounted = createMounted(silentLog)
  const parts = createParts(silentLog)
  const poolsDir = join(folder, 'pools')
  const operations = createTuningOperations({ poolsDir, dataDir: folder, parts, mounted, log: silentLog })
  const agent = onlyPools(createLocalAgent(operations, silentLog))
  await parts.start()
  const box = await startBox(t, { folder, disks: 1, mounted })
  const database = await openDatabase(join(folder, 'tuning.db'))
  let looks = 0
  let worseAfter = Number.POSITIVE_INFINITY
  const tuning = createTuning({
    database,
    agent,
    events: box.events,
    jobs: box.jobs,
    clock: systemClock,
    log: silentLog,
    version: '1.2.3',
    automatic: tunedByHand,
    pools: async () => [{ name: 'pool', path: join(poolsDir, 'pool'), disks: [] }],
    health: async () => (looks > worseAfter ? { ...well, state: 'danger' } : well),
    async wait() {
      looks += 1
    },
  })
  await migrateDatabase(database, tuning.domain.migrations ?? [])
  let isUp = true
  const stop = async () => {
    if (!isUp) return
    isUp = false
    await box.stop()
    await parts.stop()
    await database.destroy()
  }
  t.teardown(stop)
  const becomesWorse = () => {
    worseAfter = 2
  }
  return { box, agent, tuning, becomesWorse, stop }
}

function onlyPools(agent: Agent): Agent {
  const call = async (name: string, input: unknown, options: unknown) => {
    const reply = await agent.call(name as never, input as never, options as never)
    if (name !== 'tuning/facts') return reply
    const { files } = reply as unknown as RawFacts
    const mounts = files['/proc/self/mountinfo'] ?? ''
    return { files: { '/proc/self/mountinfo': mounts }, links: {}, writable: [], keys: {}, printed: {} }
  }
  return { ...agent, call: call as unknown as Agent['call'] }
}

async function restOf(t: ExecutionContext, { domain }: Tuning) {
  const ann = { name: 'ann', password: 'Ann-pass-11' }
  const { users } = await people(t)
  await users.create({ ...ann, role: 'admin' })
  const serving = await serve(t, domain.routes ?? [], users.authenticate)
  const ask = (method: string, path: string, body?: unknown) => serving(method, path, { as: ann, body })
  return {
    ask,
    async choose(name: string, value: string) {
      t.is((await ask('PUT', `/tuning/settings/${name}`, { value })).status, 204)
    },
    async setting(name: string) {
      const { body } = await ask('GET', '/tuning')
      return body.settings.find((setting: { name: string }) => setting.name === name)
    },
    async apply({ jobs }: Box) {
      const { body } = await ask('POST', '/tuning/apply')
      await jobs.finished(body.job)
      return jobs.get(body.job)
    },
  }
}

/** As proc(5) shows them: of the mount, then of the filesystem. */
async function optionsOf({ poolsDir }: Box): Promise<string> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  const fields = lines.find(line => line.split(' ')[4] === join(poolsDir, 'pool'))?.split(' ') ?? []
  return `${fields[5]} ${fields.at(-1)}`
}

/** How much of the pool a file takes of which a quarter cannot be packed. */
async function bytesTaken({ poolsDir }: Box, name: string): Promise<number> {
  const place = join(poolsDir, 'pool')
  const free = async () => {
    await run(['btrfs', 'filesystem', 'sync', place])
    const { bfree, bsize } = await statfs(place)
    return bfree * bsize
  }
  const before = await free()
  const piece = Buffer.concat([randomBytes(32 * 1024), Buffer.alloc(96 * 1024, 'the same again and again ')])
  await writeFile(join(place, name), Buffer.alloc(32 * mebibyte, piece))
  return before - (await free())
}
