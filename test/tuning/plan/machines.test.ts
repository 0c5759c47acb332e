import { readFileSync } from 'node:fs'
import test from 'ava'
import { parseFacts } from '../../../appliance/tuning/parse/facts.ts'
import { planOf } from '../../../appliance/tuning/plan/index.ts'
import type { Plan } from '../../../appliance/tuning/schema/index.ts'
import { machineFile, machineNames, readMachine, readMeasured } from '../../helpers/machine-text.ts'

/** `planned vm.swappiness: 60 -> 180`, in the order of the plan; what is only seen comes last. */
function written({ settings, seen }: Plan): string {
  return [
    ...settings.map(({ state, name, from, to }) =>
      from === to ? `${state} ${name}: ${to}` : `${state} ${name}: ${from ?? '?'} -> ${to}`,
    ),
    ...seen.map(({ name }) => `seen ${name}`),
    '',
  ].join('\n')
}

for (const name of machineNames()) {
  const { raw, pools, origin } = readMachine(name)
  const facts = parseFacts(raw, pools)
  const measured = readMeasured(name)

  test(`the plan for ${name} (${origin}), nothing measured, is the reviewed one`, t => {
    t.is(written(planOf(facts, null, {})), readFileSync(machineFile(name, 'plan.txt'), 'utf8'))
  })

  if (measured)
    test(`the plan for ${name} (${origin}), with ${measured.origin} figures, is the reviewed one`, t => {
      const expected = readFileSync(machineFile(name, 'plan-measured.txt'), 'utf8')
      t.is(written(planOf(facts, measured, {})), expected)
    })
}
