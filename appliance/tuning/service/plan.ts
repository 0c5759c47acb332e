import { createHash } from 'node:crypto'
import type { Agent } from '../../agent/client.ts'
import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import { parseFacts } from '../parse/facts.ts'
import type { KnownPool } from '../parse/pools.ts'
import { mayBeChosen, planOf } from '../plan/index.ts'
import { standingOf } from '../plan/standing.ts'
import type { AppliedSetting, Choices, Facts, Measurements, Plan, TuningReport } from '../schema/index.ts'
import type { TuningStore } from '../store.ts'
import type { Taking } from './taking.ts'
import type { Trials } from './trials.ts'

export interface PlanDeps {
  agent: Agent
  store: TuningStore
  taking: Pick<Taking, 'applied'>
  trials: Pick<Trials, 'undone'>
  clock: Clock
  /** What higher layers know of the pools. */
  pools(): Promise<KnownPool[]>
  /** What parts of Cairn set themselves: how it is without the tuning, or why it cannot be set here. */
  parts?(): Promise<Facts['settable']>
  isAutomatic(): Promise<boolean>
}

export interface Look {
  facts: Facts
  measured: Measurements | null
  isMeasuredHere: boolean
  plan: Plan
  applied: AppliedSetting[]
}

export interface Planning {
  look(): Promise<Look>
  report(): Promise<TuningReport>
  /** Null gives the setting back to the plan. */
  choose(name: string, value: string | null): Promise<void>
}

export function createPlanning(deps: PlanDeps): Planning {
  const { agent, store, taking, trials, clock, pools, parts, isAutomatic } = deps

  async function look(given?: Choices): Promise<Look> {
    const [raw, known, ofParts, measured, choices, set, taken] = await Promise.all([
      agent.call('tuning/facts', {}),
      pools(),
      parts?.(),
      store.latest(),
      given ?? store.choices(),
      agent.call('tuning/applied', {}),
      taking.applied(),
    ])
    const facts = withTaken(parseFacts(raw, known, ofParts), taken)
    const isMeasuredHere = measured !== null && measured.machine === fingerprintOf(facts)
    const plan = planOf(facts, isMeasuredHere ? measured : null, choices)
    return { facts, measured, isMeasuredHere, plan, applied: [...set, ...taken] }
  }

  return {
    look: () => look(),
    async report() {
      const { facts, measured, isMeasuredHere, plan, applied } = await look()
      const cancelledOn = await store.cancelledOn()
      const brought = await agent.call('tuning/brought', {})
      return {
        facts,
        measurements: measured,
        isMeasuredHere,
        settings: standingOf(plan.settings, applied, {
          undone: await trials.undone(),
          putBack: await store.putBack(),
        }),
        automatic: { isOn: await isAutomatic(), isCancelled: cancelledOn === hardwareOf(facts) },
        brought: brought?.machine === fingerprintOf(facts) ? brought : null,
        seen: plan.seen,
      }
    },
    async choose(name, value) {
      if (value === null) {
        await store.forgetPutBack([name])
        return store.unchoose(name)
      }
      const { facts, plan } = await look({})
      if (facts.settable[name] === undefined && !plan.settings.some(setting => setting.name === name))
        throw new Failure('missing', 'tuning/no-setting', `This machine has no setting ${name}.`)
      if (!mayBeChosen(facts, plan.settings, name, value)) throw badValue(name, value)
      await store.choose(name, value, clock.now())
      await store.forgetPutBack([name])
    },
  }
}

/** What was taken is how it is now. */
function withTaken(facts: Facts, taken: readonly AppliedSetting[]): Facts {
  const settable = { ...facts.settable }
  for (const { name, value } of taken) {
    const here = settable[name]
    if (here && here.problem === null) settable[name] = { ...here, value }
  }
  return { ...facts, settable }
}

function badValue(name: string, value: string): Failure {
  const message = `${name} cannot be set to ${value} on this machine.`
  return new Failure('invalid', 'tuning/bad-value', message, { details: { fields: { value: message } } })
}

/** Other hardware, another fingerprint. Disks that come and go by USB, and files that stand for disks, do not count. */
export function fingerprintOf({ machine, cpu, memory, disks }: Facts): string {
  const lasting = disks.filter(({ bus }) => bus !== 'loop' && bus !== 'usb').map(({ key }) => key)
  return hashOf([machine.board, cpu.model, cpu.threads, quartersOf(memory), ...lasting.sort()])
}

/** All that the plan is made for, also what comes and goes by USB. */
export function hardwareOf({ machine, cpu, memory, disks, network, pools }: Facts): string {
  const names = (all: readonly { name: string }[]) => all.map(({ name }) => name).sort()
  const keys = disks.map(({ key }) => key).sort()
  const board = [machine.board, cpu.model, cpu.threads, quartersOf(memory)]
  return hashOf([board, keys, names(network), names(pools)])
}

/** A little less is there after some starts. */
function quartersOf({ totalBytes }: Facts['memory']): number {
  return Math.round(totalBytes / 256 / 1024 ** 2)
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
