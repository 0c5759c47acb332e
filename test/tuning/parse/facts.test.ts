import test from 'ava'
import { parseFacts } from '../../../appliance/tuning/parse/facts.ts'
import { sambaDefaults } from '../../../appliance/tuning/parse/samba.ts'
import { facts as factsSchema, type RawFacts } from '../../../appliance/tuning/schema/index.ts'
import { machineNames, machineText, parseMachineText, readMachine } from '../../helpers/machine-text.ts'
import { createRandom } from '../../helpers/random.ts'

const factsOf = (name: string) => {
  const { raw, pools } = readMachine(name)
  return parseFacts(raw, pools)
}

test('every machine says where it comes from, and a transcribed part names its source', t => {
  t.true(machineNames().length >= 10)
  for (const name of machineNames()) {
    const { origin, about, transcribed } = readMachine(name)
    t.true(['recorded', 'transcribed', 'synthetic'].includes(origin), name)
    t.true(about.length > 20, name)
    if (origin === 'transcribed') t.true(transcribed.length > 0, name)
  }
})

test('no machine in the fixtures tells a serial', t => {
  for (const name of machineNames()) {
    const { raw } = readMachine(name)
    t.false(/^Serial/im.test(JSON.stringify(raw).replaceAll(String.raw`\n`, '\n')), name)
    t.deepEqual(
      Object.keys(raw.files).filter(path => /serial|wwid|cid$|uuid|address/.test(path)),
      [],
    )
  }
})

test('a Pi 3: no AES, a memory card with swap, a spinning disk behind a USB 2 bridge, too little voltage', t => {
  const facts = factsOf('pi-3')
  t.like(facts.machine, {
    board: 'Raspberry Pi 3 Model B Plus Rev 1.3',
    pi: 3,
    virtual: null,
    container: null,
  })
  t.like(facts.cpu, { model: 'Cortex-A53', cores: 4, threads: 4, maxMhz: 1400, features: ['crc32', 'neon'] })
  t.like(facts.cpu.scaling, { driver: 'cpufreq-dt' })
  t.is(facts.memory.totalBytes, 944264 * 1024)
  t.deepEqual(facts.memory.swaps, [
    { kind: 'partition', sizeBytes: 524284 * 1024, usedBytes: 10240 * 1024, disk: 'mmcblk0' },
  ])
  t.deepEqual(
    facts.disks.map(({ name, bus, isRotational }) => [name, bus, isRotational]),
    [
      ['mmcblk0', 'mmc', false],
      ['sda', 'usb', true],
    ],
  )
  t.deepEqual(facts.disks[1]?.usb, { driver: 'usb-storage', id: '1058:25a2', mbitPerSecond: 480 })
  t.like(facts.power, {
    isUnderVoltage: true,
    hadUnderVoltage: true,
    isThrottled: true,
    hadThrottled: true,
    celsius: 61.2,
    maxCelsius: 110,
  })
})

test('a Pi 4: the bridge of its disk speaks UAS, and the card of its network is its own', t => {
  const facts = factsOf('pi-4-4gb')
  t.deepEqual(facts.disks.find(disk => disk.name === 'sda')?.usb, {
    driver: 'uas',
    id: '152d:0578',
    mbitPerSecond: 5000,
  })
  t.deepEqual(
    facts.network.map(({ name, driver, isUp, mbitPerSecond }) => [name, driver, isUp, mbitPerSecond]),
    [
      ['eth0', 'bcmgenet', true, 1000],
      ['wlan0', 'brcmfmac', false, null],
    ],
  )
  t.like(facts.power, { isUnderVoltage: false, hadUnderVoltage: false, isThrottled: null })
})

test('a Pi 5: AES, SHA and its NVMe disk at half the speed that it could have', t => {
  const facts = factsOf('pi-5-nvme')
  t.deepEqual(facts.cpu.features, ['aes', 'pclmul', 'sha1', 'sha2', 'crc32', 'neon'])
  const disk = facts.disks.find(({ bus }) => bus === 'nvme')
  t.like(disk, { name: 'nvme0n1', queues: 4, scheduler: 'none', canDiscard: true })
  t.deepEqual(disk?.link, { speed: '5.0 GT/s PCIe', maxSpeed: '8.0 GT/s PCIe', width: 1, maxWidth: 4 })
  t.like(facts.memory.zram.devices[0], { algorithm: 'zstd', sizeBytes: 2147483648 })
})

test('a board of no brand is called by the name of its board', t => {
  const facts = factsOf('n100-four-disks')
  t.like(facts.machine, { board: 'CW-ADLN-NAS', maker: null, virtual: null })
  t.deepEqual(facts.cpu.features, ['aes', 'vaes', 'pclmul', 'sha1', 'sha2', 'crc32', 'avx2'])
  t.is(facts.power.celsius, 41)
  t.like(
    facts.disks.find(({ name }) => name === 'sda'),
    { bus: 'sata', queueDepth: 32, isRotational: true },
  )
})

test('an old computer: no AES, slowed down for its heat before', t => {
  const facts = factsOf('old-dual-core')
  t.deepEqual(facts.cpu.features, [])
  t.like(facts.power, { hadThrottled: true, isThrottled: null, isUnderVoltage: null, maxCelsius: 85 })
  t.like(facts.memory.swaps[0], { kind: 'partition', disk: 'sda' })
})

test('a server: threads of a core are not cores, and ethtool tells what the cards do themselves', t => {
  const facts = factsOf('server-16-cores')
  t.like(facts.cpu, { cores: 16, threads: 32, maxMhz: 3700 })
  t.is(facts.cpu.caches.find(({ level }) => level === 3)?.sharedBy, 8)
  t.deepEqual(facts.network[1]?.offloads, [
    'rx-checksumming',
    'tx-checksumming',
    'scatter-gather',
    'tcp-segmentation-offload',
    'generic-segmentation-offload',
    'generic-receive-offload',
  ])
})

test('virtual machines and containers are told', t => {
  t.like(factsOf('vm-virtio').machine, { virtual: 'KVM', container: null })
  t.like(factsOf('vm-two-cores').machine, { virtual: 'a virtual machine', container: 'docker', board: null })
  t.like(factsOf('container').machine, { virtual: null, container: 'lxc' })
})

test('what cannot be written says so', t => {
  const { settable } = factsOf('container')
  t.deepEqual(settable['vm.swappiness'], {
    value: '60',
    problem: '/proc/sys/vm/swappiness cannot be written here.',
  })
  t.deepEqual(factsOf('vm-virtio').settable['cpu.governor'], {
    value: null,
    problem: 'This machine has no choice of how the processor’s clock follows its load.',
  })
})

test('how a pool is mounted comes from the kernel', t => {
  const { raw } = readMachine('vm-virtio')
  raw.files['/proc/self/mountinfo'] =
    String.raw`90 28 0:50 / /srv/cairn/my\040pool rw,noatime shared:1 - btrfs /dev/vdb rw,ssd,compress=zstd:3,subvolid=5`
  const { pools } = parseFacts(raw, [{ name: 'p', path: '/srv/cairn/my pool', disks: ['vdb'] }])
  t.deepEqual(pools[0]?.mountOptions?.includes('compress=zstd:3'), true)
})

test('nothing at all is a machine without properties', t => {
  const facts = parseFacts({ files: {}, links: {}, writable: [], keys: {}, printed: {} }, [])
  t.deepEqual(factsSchema.parse(facts), facts)
  t.like(facts, { disks: [], network: [], pools: [], memory: { totalBytes: 0, swaps: [] } })
})

test('whatever is missing or garbled, the facts are whole and the parsers do not break', t => {
  const random = createRandom()
  const names = machineNames()
  for (let round = 0; round < 300; round++) {
    const raw = mangled(readMachine(random.pick(names)).raw, random)
    const facts = parseFacts(raw, [{ name: 'pool', path: '/srv/cairn/pool', disks: ['sda'] }])
    t.notThrows(() => factsSchema.parse(facts), `seed ${random.seed}, round ${round}`)
  }
})

function mangled(raw: RawFacts, random: ReturnType<typeof createRandom>): RawFacts {
  const odd = ['', '\n', '-1\n', 'x\0y', '[', ']', '99999999999999999999\n', 'a b c\n', ':::\n\n:::', 'é\n']
  const files = Object.entries(raw.files)
    .filter(() => !random.chance(0.2))
    .map(([path, text]) => {
      if (random.chance(0.1)) return [path, random.pick(odd)]
      return [path, random.chance(0.1) ? text.slice(0, random.below(text.length + 1)) : text]
    })
  return { ...raw, files: Object.fromEntries(files) }
}

test('a machine that is written down is read as it was', t => {
  for (const name of machineNames()) {
    const machine = readMachine(name)
    t.deepEqual(parseMachineText(name, machineText(machine)).raw, machine.raw, name)
  }
})

test('how Samba does by itself is what it prints, and without Samba nothing can be set', t => {
  const { raw, pools } = readMachine('vm-two-cores')
  const { settable } = parseFacts(raw, pools)
  t.deepEqual(settable['samba.signing'], { value: 'AES-128-GMAC,AES-128-CMAC,HMAC-SHA256', problem: null })
  t.deepEqual(settable['samba.multichannel'], { value: 'yes', problem: null })
  t.deepEqual(settable['samba.async'], { value: 'yes', problem: null })
  raw.printed[sambaDefaults.join(' ')] = '\taio read size = 0\n'
  const old = parseFacts(raw, pools).settable
  t.is(old['samba.async']?.value, 'no')
  t.deepEqual(old['samba.signing'], { value: null, problem: 'The Samba here does not know it.' })
  raw.printed = {}
  const none = parseFacts(raw, pools).settable
  t.deepEqual(none['samba.signing'], { value: null, problem: 'Samba does not run here.' })
})
