import { readFileSync } from 'node:fs'
import test from 'ava'
import { parseFacts } from '../../../appliance/tuning/parse/facts.ts'
import { planOf } from '../../../appliance/tuning/plan/index.ts'
import type { Plan } from '../../../appliance/tuning/schema/index.ts'
import { machineFile, machineNames, ofParts, readMachine, readMeasured } from '../../helpers/machine-text.ts'

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
  const facts = parseFacts(raw, pools, ofParts)
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

test('compressed memory that cannot be made here is listed, with the reason', t => {
  const { raw, pools } = readMachine('pi-3')
  const planned = (files: typeof raw.files) => {
    const facts = parseFacts({ ...raw, files }, pools)
    return planOf(facts, null, {}).settings.find(({ name }) => name === 'zram.size')
  }
  const without = Object.entries(raw.files).filter(([path]) => !path.startsWith('/sys/block/zram'))
  t.like(planned(Object.fromEntries(without)), {
    state: 'unavailable',
    problem: 'The kernel offers no zram device here; its module is not loaded.',
  })
  t.like(planned({ ...raw.files, '/sys/block/zram0/disksize': '4096\n' }), {
    state: 'unavailable',
    problem: 'There is no zram device here that nobody else uses.',
  })
})

test('the kernel has as many NFS threads as the disks take requests, and ganesha as there is memory for', t => {
  const planned = (machine: string, by: string, value: string) => {
    const { raw, pools } = readMachine(machine)
    const facts = parseFacts(raw, pools, { 'nfs.threads': { value, problem: null, by } })
    return planOf(facts, null, {}).settings.find(({ name }) => name === 'nfs.threads')
  }
  // One disk behind a bridge that takes one request at a time, and four processors.
  t.like(planned('pi-3', 'kernel', '8'), { state: 'as-is', to: '8' })
  // Disks that take 32 each: more than the most.
  t.like(planned('n100-four-disks', 'kernel', '8'), { state: 'planned', to: '64' })
  t.like(planned('server-16-cores', 'kernel', '64'), { state: 'as-is', to: '64' })
  t.regex(planned('n100-four-disks', 'kernel', '8')?.effect ?? '', /no client notices/)
  t.like(planned('pi-3', 'ganesha', '200'), { state: 'planned', to: '28' })
  t.regex(planned('pi-3', 'ganesha', '200')?.effect ?? '', /starts anew/)
  t.is(planned('n100-four-disks', 'ganesha', '200'), undefined)
})

test('where nothing is exported there is no advice on NFS', t => {
  const { raw, pools } = readMachine('pi-3')
  const none = { value: null, problem: 'Nothing is exported by NFS, so no server runs.' }
  const { settings } = planOf(parseFacts(raw, pools, { 'nfs.threads': none }), null, {})
  t.false(settings.some(({ name }) => name === 'nfs.threads'))
})

test('a setting says what there is to choose from; nothing: a value is written freely', t => {
  const { raw, pools } = readMachine('n100-four-disks')
  const facts = parseFacts(raw, pools, ofParts)
  const { settings } = planOf(facts, null, {
    'samba.multichannel': 'no',
    'net.tcp-wmem': '4096 16384 8388608',
  })
  const choicesOf = (name: RegExp) => settings.find(setting => name.test(setting.name))?.choices
  t.deepEqual(choicesOf(/^cpu\.energy-preference$/), facts.cpu.scaling?.preferences)
  t.deepEqual(choicesOf(/^disk\..*\.scheduler$/), facts.disks[0]?.schedulers)
  t.deepEqual(choicesOf(/^samba\.multichannel$/), ['yes', 'no'])
  t.deepEqual(choicesOf(/\.layout$/), ['ssd', 'nossd'])
  t.deepEqual(choicesOf(/^net\.tcp-wmem$/), [])
  t.deepEqual(choicesOf(/^servers\.count$/), [])
})
