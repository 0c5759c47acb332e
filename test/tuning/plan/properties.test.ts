import test from 'ava'
import { parseFacts } from '../../../appliance/tuning/parse/facts.ts'
import { adviceChoices } from '../../../appliance/tuning/plan/advice.ts'
import { aroundOf, mayBeChosen, placeNamed, planOf } from '../../../appliance/tuning/plan/index.ts'
import { type Place, placesOf } from '../../../appliance/tuning/plan/places.ts'
import { takenPlaces } from '../../../appliance/tuning/plan/taken-places.ts'
import { type Facts, type Measurements, plan as planSchema } from '../../../appliance/tuning/schema/index.ts'
import { FakeKernel } from '../../helpers/fake-kernel.ts'
import { machineNames, readMachine } from '../../helpers/machine-text.ts'
import { createRandom, type Random } from '../../helpers/random.ts'

const rounds = 600
const machines = machineNames().map(name => {
  const { raw, pools } = readMachine(name)
  return parseFacts(raw, pools)
})

test('any mixture of facts gives a plan that is whole, and whose values can be set', t => {
  forManyWorlds(t.log, ({ facts, measured, choices }, where) => {
    const plan = planOf(facts, measured, choices)
    t.notThrows(() => planSchema.parse(plan), where)
    const names = plan.settings.map(setting => setting.name)
    t.deepEqual(names, [...new Set(names)], where)
    for (const { name, to, reason, evidence, effect, state, problem } of plan.settings) {
      const place = placeNamed(facts, name)
      t.true(place ? place.accepts(to) : adviceChoices(name)?.includes(to), `${where}: ${name} = ${to}`)
      t.true(
        [reason, evidence, effect].every(text => /^\S.+\.$/s.test(text)),
        `${where}: ${name}`,
      )
      t.is(problem === null, state === 'planned' || state === 'as-is', `${where}: ${name}`)
    }
  })
})

test('any plan fits into the memory that there is', t => {
  forManyWorlds(t.log, ({ facts, measured }, where) => {
    const bytes = planOf(facts, measured, {}).settings.reduce((sum, setting) => sum + setting.memoryBytes, 0)
    t.true(bytes <= facts.memory.totalBytes, `${where}: ${bytes} of ${facts.memory.totalBytes}`)
  })
})

test('planning again after applying changes nothing', t => {
  forManyWorlds(t.log, ({ facts, measured, choices }, where) => {
    const plan = planOf(facts, measured, choices)
    const again = planOf(applied(facts, plan.settings), measured, choices)
    t.deepEqual(
      again.settings.filter(({ state }) => state === 'planned'),
      [],
      where,
    )
    const values = (settings: typeof plan.settings) =>
      settings.map(({ name, to }) => `${name} = ${to}`).sort()
    t.deepEqual(values(again.settings), values(plan.settings), where)
  })
})

test('what a plan changes can be put back to what was found', t => {
  forManyWorlds(t.log, ({ facts, measured, choices }, where) => {
    for (const { name, from, to, state } of planOf(facts, measured, choices).settings) {
      if (state !== 'planned') continue
      const place = placesOf(aroundOf(facts)).find(place => place.name === name)
      if (from === null) return t.fail(`${where}: ${name}`)
      if (!place) {
        // What is kept in the database goes back by being forgotten.
        t.true(placeNamed(facts, name)?.accepts(to), `${where}: ${name}`)
        continue
      }
      const kernel = new FakeKernel()
      kernel.set(place, from)
      kernel.set(place, to)
      t.is(kernel.get(place), to, `${where}: ${name}`)
      kernel.set(place, from)
      t.is(kernel.get(place), from, `${where}: ${name}`)
    }
  })
})

test('what somebody chose goes before what a rule says, and is marked', t => {
  forManyWorlds(t.log, ({ facts, measured, choices }, where) => {
    const { settings } = planOf(facts, measured, choices)
    for (const [name, value] of Object.entries(choices))
      t.like(
        settings.find(setting => setting.name === name),
        { to: value, isChoice: true },
        `${where}: ${name}`,
      )
  })
})

interface World {
  facts: Facts
  measured: Measurements | null
  choices: Record<string, string>
}

function forManyWorlds(log: (text: string) => void, look: (world: World, where: string) => void) {
  const random = createRandom()
  log(`seed ${random.seed}`)
  for (let round = 0; round < rounds; round++) look(worldOf(random), `seed ${random.seed}, round ${round}`)
}

/** Parts of different machines, with memory, swap and settings as chance would have it. */
function worldOf(random: Random): World {
  const disks = machines
    .flatMap(machine => machine.disks)
    .filter(() => random.chance(0.2))
    .map((disk, index) => ({ ...disk, key: `k${index}`, name: `${disk.name}${index}` }))
  const cpu = random.pick(machines).cpu
  const pools = ['pool', 'tank'].filter(() => random.chance(0.6)).map(name => poolOf(name, disks, random))
  const facts: Facts = {
    machine: random.pick(machines).machine,
    cpu,
    memory: memoryOf(random),
    disks,
    network: machines.flatMap(machine => machine.network).filter(() => random.chance(0.2)),
    power: random.pick(machines).power,
    pools,
    settable: {},
  }
  for (const place of placesOf(aroundOf(facts))) facts.settable[place.name] = settableOf(place, facts, random)
  for (const { name } of takenPlaces)
    facts.settable[name] = {
      value: takenValue(name, random),
      problem: null,
      ...(name === 'nfs.threads' ? { by: random.pick(['kernel', 'ganesha']) } : {}),
    }
  for (const name of Object.keys(facts.settable)) if (random.chance(0.05)) delete facts.settable[name]
  const measured = random.chance(0.7) ? measuredOf(pools, random) : null
  return { facts, measured, choices: choicesOf(facts, measured, random) }
}

function poolOf(name: string, disks: Facts['disks'], random: Random): Facts['pools'][number] {
  const options = ['noatime', 'ssd', 'compress=zstd:1', 'compress=zstd:9', 'discard=async']
  return {
    name,
    path: `/srv/cairn/${name}`,
    disks: disks.filter(() => random.chance(0.3)).map(disk => disk.name),
    mountOptions: random.chance(0.3) ? null : options.filter(() => random.chance(0.5)),
  }
}

function memoryOf(random: Random): Facts['memory'] {
  // From 512 MB, the least that Cairn asks for, to 512 GB.
  const totalBytes = Math.round(2 ** (29 + random.below(100) / 10))
  const swap = () => ({
    kind: random.pick(['zram', 'partition', 'file'] as const),
    sizeBytes: random.below(totalBytes),
    usedBytes: 0,
    disk: random.pick([null, 'mmcblk01', 'sda2']),
  })
  return {
    totalBytes,
    swaps: [swap(), swap()].filter(() => random.chance(0.4)),
    zram: random.pick(machines).memory.zram,
    isZswapOn: random.pick([null, true, false]),
  }
}

function settableOf(place: Place, { cpu, disks }: Facts, random: Random): Facts['settable'][string] {
  const isDeviceless = place.swapAfter && place.written?.length === 0
  if (place.paths.length === 0 || isDeviceless || random.chance(0.1))
    return { value: null, problem: 'There is none.' }
  const value = someValue(place.name, { cpu, disks }, random)
  return { value, problem: random.chance(0.15) ? 'It cannot be written.' : null }
}

function someValue(name: string, { cpu, disks }: Pick<Facts, 'cpu' | 'disks'>, random: Random): string {
  if (name === 'cpu.governor') return random.pick(cpu.scaling?.governors ?? ['powersave'])
  if (name === 'cpu.energy-preference') return random.pick(['power', 'performance', 'balance_performance'])
  if (name.startsWith('vm.dirty')) return random.pick(['20%', '5%', '0%', String(random.below(2 ** 31))])
  if (name.endsWith('.compression')) return random.pick(['none', 'lzo', 'zstd:1', 'zstd:9', 'force:zstd:3'])
  if (name.endsWith('.layout')) return random.pick(['ssd', 'nossd', 'ssd_spread'])
  if (name.endsWith('.discard')) return random.pick(['none', 'sync', 'async'])
  if (name === 'zram.size') return random.pick(['none', '536870912', '1073741824'])
  if (name === 'zram.algorithm') return random.pick(['lzo-rle', 'lz4', 'zstd'])
  if (name.startsWith('net.')) return `4096 131072 ${131_072 + random.below(2 ** 27)}`
  if (name.endsWith('.scheduler')) {
    const disk = disks.find(({ key }) => name.includes(`.${key}.`))
    return disk?.scheduler ?? 'none'
  }
  return String(random.below(100))
}

function takenValue(name: string, random: Random): string {
  if (name === 'servers.count') return String(1 + random.below(8))
  if (name === 'nfs.threads') return '200'
  if (name === 'sqlite.cache') return '8192000'
  if (name === 'tls.ciphers')
    return 'TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256'
  if (name === 'samba.signing') return random.pick(['AES-128-GMAC,AES-128-CMAC,HMAC-SHA256', 'HMAC-SHA256'])
  if (name === 'samba.encryption') return 'AES-128-GCM,AES-128-CCM,AES-256-GCM,AES-256-CCM'
  return random.pick(['yes', 'no'])
}

function measuredOf(pools: Facts['pools'], random: Random): Measurements {
  const rate = () => 10 ** (random.below(400) / 100)
  return {
    takenAt: '2026-01-01T00:00:00.000Z',
    machine: 'x',
    tookMs: 1,
    ciphers: {
      aes128gcm: rate(),
      aes256gcm: rate(),
      chacha20poly1305: rate(),
      aes128gmac: rate(),
      hmacSha256: rate(),
    },
    hashes: { sha256: rate(), blake3: rate(), xxh3: rate(), md5: rate() },
    compression: [1, 3, 6, 9, 12, 15]
      .filter(() => random.chance(0.8))
      .map(level => ({ level, mbPerSecond: rate(), ratio: 1 + random.below(300) / 100 })),
    memoryMbPerSecond: rate(),
    loopbackMbPerSecond: null,
    pools: pools
      .filter(() => random.chance(0.8))
      .map(({ name }) => ({
        name,
        writeMbPerSecond: random.chance(0.1) ? 0 : rate(),
        fsyncMs: { median: 1, p99: 10 },
      })),
  }
}

function choicesOf(facts: Facts, measured: Measurements | null, random: Random): Record<string, string> {
  const { settings } = planOf(facts, measured, {})
  const names = [...Object.keys(facts.settable), ...settings.map(({ name }) => name)]
  const values = [
    '0',
    '1',
    '60',
    '10%',
    'none',
    'bfq',
    'performance',
    'yes',
    'zstd:5',
    'nossd',
    'async',
    '4096 8192 16384',
    '1048576',
  ]
  const choices: Record<string, string> = {}
  for (const name of names.filter(() => random.chance(0.1))) {
    const value = random.pick(values)
    if (mayBeChosen(facts, settings, name, value)) choices[name] = value
  }
  return choices
}

function applied(facts: Facts, settings: ReturnType<typeof planOf>['settings']): Facts {
  const settable = { ...facts.settable }
  for (const { name, to, state } of settings)
    if (state === 'planned') settable[name] = { ...settable[name], value: to, problem: null }
  const disks = facts.disks.map(disk => ({
    ...disk,
    scheduler: settable[`disk.${disk.key}.scheduler`]?.value ?? disk.scheduler,
  }))
  const size = Number(settings.find(({ name, state }) => name === 'zram.size' && state === 'planned')?.to)
  if (!(size > 0)) return { ...facts, settable, disks }
  const compressed = { kind: 'zram', sizeBytes: size - 4096, usedBytes: 0, disk: 'zram0' } as const
  const swaps = [...facts.memory.swaps.filter(({ kind }) => kind !== 'zram'), compressed]
  return { ...facts, settable, disks, memory: { ...facts.memory, swaps } }
}
