import test from 'ava'
import { expectKept, filesOf, stateOf } from '../helpers/aftermath.ts'
import { eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { createOwner, setupFile } from '../helpers/owner.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { type State, startStorm, stormFolders } from '../helpers/storm.ts'

/**
 * The plug is pulled while clients upload. Each of the disks forgets by itself what it was not told to flush, so that an
 * answer that came before its flush, or on one of two mirrored disks alone, is found out.
 */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const cuts = Number(process.env.CAIRN_TEST_CUTS ?? 3)
const disks = ['DISK1', 'DISK2']
const clients = Array.from({ length: 6 }, (_, index) => `client${index}`)
const minuteMs = 60_000
const share = '/srv/cairn/pool/shares/shared'

onMachine(
  `${cuts} power cuts during uploads: what was acknowledged is there whole, and nothing is torn${because}`,
  async t => {
    t.timeout((10 + 8 * cuts) * minuteMs)
    const random = createRandom()
    t.log(`CAIRN_TEST_SEED=${random.seed}`)
    const bootFiles = setupFile({ profile: 'raid1', disks })
    const machine = await createMachine(t, { firmware: 'bios', disks, bootFiles, losesUnflushed: true })
    const owner = createOwner(machine)
    await machine.start()
    await owner.moveIn()
    for (const folder of stormFolders) t.is(await owner.makeFolder(folder), 201)

    let states = new Map<string, State>(clients.map(name => [name, new Map()]))
    for (let count = 1; count <= cuts; count++) {
      const { workers, moment, acknowledged, failures } = await stormAndCut(machine, random, states)
      t.deepEqual(failures.filter(isNoLostConnection), [])
      const seconds = await machine.start()
      await eventually(() => isReady(machine), 5 * minuteMs)
      t.is((await owner.api('GET', '/pools')).body[0].state, 'healthy')

      const found = await filesOf(t, machine, folder => namesIn(machine, `${share}/${folder}`))
      expectKept(t, workers, found, moment)
      await eventually(async () => (await namesIn(machine, `${share}/.cairn/tmp`)).length === 0, minuteMs)
      states = new Map(workers.map(({ name }) => [name, stateOf(found, name)]))
      t.log(`cut ${count}: ${acknowledged} acknowledged, ${found.size} files as they should be, ${seconds} s`)
    }
    await owner.finished(await owner.begin('/pools/pool/scrub'), 10 * minuteMs)
  },
)

async function stormAndCut(machine: Machine, random: Random, states: ReadonlyMap<string, State>) {
  const storm = startStorm(machine, random, states)
  const acknowledged = 50 + random.below(250)
  await storm.acknowledged(acknowledged)
  const from = performance.now()
  await machine.cutPower()
  const to = performance.now()
  const failures = await storm.broken()
  return { workers: storm.workers, moment: { from, to }, acknowledged, failures }
}

function isNoLostConnection(error: unknown): boolean {
  return !['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function isReady(machine: Machine): Promise<boolean> {
  return fetch(`${machine.url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function namesIn(machine: Machine, folder: string): Promise<string[]> {
  return (await machine.shell(`ls -A ${folder}`)).split('\n').filter(Boolean)
}
