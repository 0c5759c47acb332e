import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { parseFacts } from '../../appliance/tuning/parse/facts.ts'
import { fingerprintOf } from '../../appliance/tuning/service/plan.ts'
import { createTuningStore } from '../../appliance/tuning/store.ts'
import { machineFile, machineNames, ofParts, readMachine, readMeasured } from '../helpers/machine-text.ts'
import { type TuningBox, tuningBox } from './box.ts'
import { type FixtureMachine, fixtureMachine } from './fixture-machine.ts'

const aWhileMs = 60_000

for (const name of machineNames()) {
  for (const isMeasured of readMeasured(name) ? [false, true] : [false]) {
    const figures = isMeasured ? 'measured' : 'nothing measured'
    const planFile = isMeasured ? 'plan-measured.txt' : 'plan.txt'

    test(`${name}, ${figures}: what the plan says is set by itself, nothing else, and once`, async t => {
      const { box, machine } = await boxOf(t, name, isMeasured)
      const expected = plannedIn(readFileSync(machineFile(name, planFile), 'utf8'))
      await box.tuning.domain.start?.()
      await box.passes(aWhileMs)
      t.is((await jobsOf(box)).length, expected.length > 0 ? 1 : 0)
      await endedAll(t, box)
      t.deepEqual(await setOn(box, machine), expected)
      await looksAgain(t, box)
    })

    test(`${name}, ${figures}: when a disk has gone and is back, all is as it was, and stays so`, async t => {
      const { box, machine } = await boxOf(t, name, isMeasured)
      await box.tuning.domain.start?.()
      await box.passes(aWhileMs)
      await endedAll(t, box)
      const before = await settingsOf(box)
      for (const disk of parseFacts(machine.raw(), readMachine(name).pools).disks.map(one => one.name)) {
        machine.pull(disk)
        await changes(t, box)
        await looksAgain(t, box)
        machine.plugIn(disk)
        await box.tuning.hardwareChanged()
        await changes(t, box)
        t.deepEqual(await settingsOf(box), before, disk)
        await looksAgain(t, box)
      }
    })
  }
}

async function boxOf(t: ExecutionContext, name: string, isMeasured: boolean) {
  const machine = fixtureMachine(name)
  const { pools } = readMachine(name)
  const box = await tuningBox(t, pools, {
    parts: ofParts,
    automatic: { isOnByDefault: true, isLooking: true },
    agent: machine.agent,
  })
  const measured = isMeasured ? readMeasured(name) : null
  if (measured) {
    const fingerprint = fingerprintOf(parseFacts(machine.raw(), pools))
    await createTuningStore(box.database).keep({ ...measured, machine: fingerprint })
  }
  return { box, machine }
}

/** `planned vm.swappiness: 60 -> 180` */
function plannedIn(text: string): string[] {
  return [...text.matchAll(/^planned (\S+): .* -> (.*)$/gm)].map(([, name, to]) => `${name} = ${to}`).sort()
}

/** What the agent was asked for, and what parts of Cairn have taken up. */
async function setOn({ tuning }: TuningBox, machine: FixtureMachine): Promise<string[]> {
  const taken = Object.entries(await tuning.taken()).map(([name, value]) => `${name} = ${value}`)
  return [...machine.set, ...taken].sort()
}

async function settingsOf({ tuning }: TuningBox) {
  return (await tuning.report()).settings.map(({ name, from, to, state }) => ({ name, from, to, state }))
}

const jobsOf = async ({ jobs }: TuningBox) => jobs.list()

async function endedAll(t: ExecutionContext, box: TuningBox) {
  for (const { id } of await jobsOf(box)) t.like(await box.ended(id), { state: 'done', error: null })
}

/** A disk came or went: whatever there is to do is done. */
async function changes(t: ExecutionContext, box: TuningBox) {
  box.events.publish('storage/changed', { pool: null })
  await box.passes(aWhileMs)
  await endedAll(t, box)
}

async function looksAgain(t: ExecutionContext, box: TuningBox) {
  const before = (await jobsOf(box)).length
  box.events.publish('storage/changed', { pool: null })
  await box.passes(aWhileMs)
  t.is((await jobsOf(box)).length, before)
}
