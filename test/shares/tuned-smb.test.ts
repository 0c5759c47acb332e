import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { z } from 'zod'
import { type Agent, createLocalAgent } from '../../appliance/agent/client.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { run } from '../../appliance/lib/run.ts'
import { placesOf } from '../../appliance/shares/system/places.ts'
import { accountsEnv } from '../../appliance/shares/system/programs.ts'
import { createTuning, type Tuning } from '../../appliance/tuning/index.ts'
import type { RawFacts } from '../../appliance/tuning/schema/index.ts'
import { createTuningOperations } from '../../appliance/tuning/system/index.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { serve } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'
import { tunedByHand } from '../helpers/tuned-by-hand.ts'
import type { Box } from '../storage/box.ts'
import { startWorld, type World } from './world.ts'

const smbTest = testIf('root', 'btrfs', 'smbd', 'smbclient')
const alice = { name: 'alice', password: 'Alice-pass-1' }
const chosen = {
  'samba.multichannel': 'no',
  'samba.signing': 'HMAC-SHA256,AES-128-GMAC,AES-128-CMAC',
  'samba.encryption': 'AES-256-GCM,AES-128-GCM,AES-128-CCM,AES-256-CCM',
  'samba.async': 'no',
}
const lines = [
  'server multi channel support = no',
  'server smb3 signing algorithms = HMAC-SHA256, AES-128-GMAC, AES-128-CMAC',
  'server smb3 encryption algorithms = AES-256-GCM, AES-128-GCM, AES-128-CCM, AES-256-CCM',
  'aio read size = 0',
  'aio write size = 0',
]

smbTest('Samba takes up what is applied, goes on serving, and gives up what is put back', async t => {
  const { world, ask } = await tunedWorld(t)
  t.deepEqual(await tunedLines(world), [])
  await works(t, world)
  t.deepEqual(await agreed(t, world), { signing: 'AES-128-GMAC', encryption: 'AES-128-GCM' })

  for (const [name, value] of Object.entries(chosen))
    t.is((await ask('PUT', `/tuning/settings/${name}`, { value })).status, 204, name)
  const { body } = await ask('POST', '/tuning/apply')
  await world.box.jobs.finished(body.job)
  t.like(await world.box.jobs.get(body.job), { state: 'done', error: null })
  t.deepEqual(await tunedLines(world), lines)
  const { settings } = (await ask('GET', '/tuning')).body
  t.like(
    settings.find(({ name }: { name: string }) => name === 'samba.multichannel'),
    { from: 'yes', to: 'no', state: 'applied' },
  )
  await works(t, world)
  t.deepEqual(await agreed(t, world), { signing: 'HMAC-SHA256', encryption: 'AES-256-GCM' })

  // As at the next start: it is rendered from what is decided.
  await rm(placesOf(world.config).conf)
  await world.shares.domain.start?.()
  t.deepEqual(await tunedLines(world), lines)

  await ask('POST', '/tuning/revert', { name: 'samba.async' })
  t.deepEqual(await tunedLines(world), lines.slice(0, 3))
  t.like(await ask('POST', '/tuning/revert', {}), { status: 200, body: { failed: [] } })
  t.deepEqual(await tunedLines(world), [])
  await works(t, world)
  t.deepEqual(await agreed(t, world), { signing: 'AES-128-GMAC', encryption: 'AES-128-GCM' })
})

/** Signed and encrypted, a file comes back as it was. */
async function works(t: ExecutionContext, world: World) {
  const folder = await tempFolder(t)
  const text = 'signed and sealed '.repeat(100_000)
  await writeFile(join(folder, 'in'), text)
  for (const protection of ['sign', 'encrypt']) {
    await run([
      'smbclient',
      `--client-protection=${protection}`,
      '-p',
      String(world.smbPort),
      '//127.0.0.1/shared',
      '-U',
      `${alice.name}%${alice.password}`,
      '-c',
      `put ${folder}/in a.txt; get a.txt ${folder}/${protection}`,
    ])
    t.is(await readFile(join(folder, protection), 'utf8'), text, protection)
  }
}

/** What a client and smbd agree upon from now on, as smbstatus tells of an open session. */
async function agreed(t: ExecutionContext, world: World): Promise<{ signing: string; encryption: string }> {
  const places = placesOf(world.config)
  const who = `${alice.name}%${alice.password}`
  const client = spawn(
    'smbclient',
    ['--client-protection=encrypt', '-p', String(world.smbPort), '//127.0.0.1/shared', '-U', who],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  )
  t.teardown(() => void client.kill())
  let session: z.infer<typeof sessions>['sessions'][string] | undefined
  await eventually(async () => {
    const { stdout } = await run(['smbstatus', '-s', places.conf, '--json'], { env: accountsEnv(places) })
    // Until both sides have agreed, smbd tells `-`.
    session = Object.values(sessions.parse(JSON.parse(stdout)).sessions).find(
      ({ encryption }) => encryption.cipher !== '-',
    )
    return session !== undefined
  })
  client.stdin.end()
  await once(client, 'close')
  return { signing: session?.signing.cipher ?? '', encryption: session?.encryption.cipher ?? '' }
}

const sessions = z.object({
  sessions: z.record(
    z.string(),
    z.object({ signing: z.object({ cipher: z.string() }), encryption: z.object({ cipher: z.string() }) }),
  ),
})

async function tunedLines({ config }: World): Promise<string[]> {
  const conf = await readFile(placesOf(config).conf, 'utf8')
  return conf
    .split('\n')
    .map(line => line.trim())
    .filter(line => /^(server multi channel|server smb3|aio )/.test(line))
}

async function tunedWorld(t: ExecutionContext) {
  let tuning: Tuning | undefined
  const world = await startWorld(t, {
    isReal: true,
    async tuning(box) {
      tuning = await tuningOn(t, box)
      return tuning
    },
  })
  await world.users.create({ ...alice, role: 'admin' })
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  const serving = await serve(t, tuning?.domain.routes ?? [], world.users.authenticate)
  const ask = (method: string, path: string, body?: unknown) => serving(method, path, { as: alice, body })
  return { world, ask }
}

async function tuningOn(t: ExecutionContext, box: Box): Promise<Tuning> {
  const parts = createParts(silentLog)
  const { poolsDir, folder, events, jobs } = box
  const operations = createTuningOperations({ poolsDir, dataDir: folder, parts, log: silentLog })
  const database = await openDatabase(join(folder, 'tuning.db'))
  const tuning = createTuning({
    database,
    agent: onlySamba(createLocalAgent(operations, silentLog)),
    events,
    jobs,
    clock: systemClock,
    log: silentLog,
    version: '1.2.3',
    automatic: tunedByHand,
    pools: async () => [],
    health: async () => ({ state: 'ok', issues: [] }),
    wait: async () => undefined,
  })
  await migrateDatabase(database, tuning.domain.migrations ?? [])
  t.teardown(() => database.destroy())
  return tuning
}

/** Of the machine only what its Samba says: nothing else is to be tuned by a test. */
function onlySamba(agent: Agent): Agent {
  const call = async (name: string, input: unknown, options: unknown) => {
    const reply = await agent.call(name as never, input as never, options as never)
    if (name !== 'tuning/facts') return reply
    const { printed } = reply as unknown as RawFacts
    return { files: {}, links: {}, writable: [], keys: {}, printed }
  }
  return { ...agent, call: call as unknown as Agent['call'] }
}
