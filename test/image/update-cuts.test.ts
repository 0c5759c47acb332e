import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { dataFolder, eventually } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { createOwner, type Owner, setupFile } from '../helpers/owner.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { becomesProven, makeUpdate, serveFolder, versionOf } from '../helpers/update.ts'

/** Whenever the power goes during an update: the box comes up by itself, in the old version or in the new one, with its files. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
/** Each goes through one update, with a cut in each of its phases. */
const rounds = Number(process.env.CAIRN_TEST_ROUNDS ?? 1)
const minuteMs = 60_000

onMachine(
  `the power goes in each phase of ${rounds} updates: files are served again every time${because}`,
  async t => {
    t.timeout((15 + 40 * rounds) * minuteMs)
    const random = createRandom()
    t.log(`CAIRN_TEST_SEED=${random.seed}`)
    const folder = await dataFolder(t)
    const port = await serveFolder(t, folder)
    const bootFiles = setupFile({ profile: 'single', disks: ['DISK1'] })
    const machine = await createMachine(t, {
      firmware: 'uefi',
      disks: ['DISK1'],
      bootFiles,
      losesUnflushed: true,
    })
    const owner = createOwner(machine)
    await machine.start()
    await owner.moveIn()
    let before = await versionOf(machine)
    for (let round = 1; round <= rounds; round++) {
      await becomesProven(machine, before)
      const version = `9.0.${round}`
      const url = `http://10.0.2.2:${port}/${await makeUpdate(folder, { version })}`
      const update: Update = { t, machine, owner, random, version, url }
      for (const [phase, reach] of phases) {
        await reach(update)
        await machine.cutPower()
        const seconds = await machine.start()
        await eventually(async () => (await owner.get('moved-in.txt')) === 'hello', 5 * minuteMs)
        t.is(await owner.put(`${round} ${phase}.txt`, phase), 201)
        let now = ''
        await eventually(async () => {
          now = await versionOf(machine)
          return now !== ''
        }, minuteMs)
        t.true([before, version].includes(now), now)
        t.log(`cut during ${phase}: answers after ${seconds} s, as ${now}`)
      }
      await takeOver(update)
      await becomesProven(machine, version)
      for (const [phase] of phases) t.is(await owner.get(`${round} ${phase}.txt`), phase)
      before = version
    }
  },
)

interface Update {
  t: ExecutionContext
  machine: Machine
  owner: Owner
  random: Random
  version: string
  url: string
}

/** Each leads up to a moment in its phase, whatever the cut before it has left. */
const phases: [string, (update: Update) => Promise<void>][] = [
  [
    'download',
    async ({ t, owner, random, url }) => {
      const job = await owner.begin('/updates/download', { url })
      const fraction = random.below(90) / 100
      await eventually(async () => (await jobOf(owner, job)).fraction >= fraction, 10 * minuteMs)
      t.log(`${Math.round(fraction * 100)} % of it were downloaded`)
    },
  ],
  [
    'installation',
    async update => {
      await downloaded(update)
      const job = await update.owner.begin('/updates/install', { allowOlder: true })
      await somewhen(update, 15_000)
      const { message } = await jobOf(update.owner, job)
      update.t.log(`at "${message}"`)
    },
  ],
  [
    'switch of slots',
    async update => {
      if (await isInstalled(update)) return
      await downloaded(update)
      const job = await update.owner.begin('/updates/install', { allowOlder: true })
      await eventually(async () => (await jobOf(update.owner, job)).fraction > 0.9, 10 * minuteMs)
      await somewhen(update, 2_000)
    },
  ],
  [
    'first start',
    async update => {
      const { machine } = update
      await installed(update)
      const starts = startsOf(await machine.console())
      await update.owner.api('POST', '/updates/restart', { when: 'now' })
      await eventually(async () => startsOf(await machine.console()) > starts, 5 * minuteMs)
      await somewhen(update, minuteMs)
    },
  ],
]

/** The moment is the random one's to choose. */
async function somewhen({ t, random }: Update, withinMs: number) {
  const ms = random.below(withinMs)
  t.log(`${ms} ms later`)
  await delay(ms)
}

interface Job {
  fraction: number
  message: string
}

async function jobOf(owner: Owner, id: string): Promise<Job> {
  const { state, fraction, message, error } = (await owner.api('GET', `/jobs/${id}`)).body
  if (error) throw new Error(JSON.stringify(error))
  return { fraction: state === 'done' ? 1 : (fraction ?? 0), message }
}

/** What was cut is fetched to its end. Where it came to harm it is refused, and fetched anew. */
async function downloaded({ t, owner, url, version }: Update) {
  const fetch = async () => owner.finished(await owner.begin('/updates/download', { url }), 10 * minuteMs)
  const bundle = async () => (await owner.api('GET', '/updates')).body.bundle
  await fetch()
  const { problem } = await bundle()
  if (problem !== null) {
    t.log(`what was downloaded is refused: ${problem}`)
    await owner.api('DELETE', '/updates/bundle')
    await fetch()
  }
  t.is((await bundle()).version, version)
}

/** It runs, or is what runs next. */
async function isInstalled({ machine, owner, version }: Update): Promise<boolean> {
  if ((await versionOf(machine)) === version) return true
  return (await owner.api('GET', '/updates')).body.waitsForRestart
}

async function installed(update: Update) {
  if (await isInstalled(update)) return
  await downloaded(update)
  const job = await update.owner.begin('/updates/install', { allowOlder: true })
  await update.owner.finished(job, 10 * minuteMs)
}

/** The end of the update, undisturbed. */
async function takeOver(update: Update) {
  if ((await versionOf(update.machine)) === update.version) return
  await installed(update)
  await update.owner.api('POST', '/updates/restart', { when: 'now' })
}

/** GRUB says it once at each start. */
function startsOf(console: string): number {
  return [...console.matchAll(/slot=[AB] ORDER=/g)].length
}
