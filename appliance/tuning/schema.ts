import { z } from 'zod'

/** What the kernel says, as text: pure code reads it, and a recorded machine is a test. */
export const rawFacts = z.object({
  /** Path to text; what is not there, or says nothing, is left out. */
  files: z.record(z.string(), z.string()),
  /** Path to where it really is, or to the name of a driver. */
  links: z.record(z.string(), z.string()),
  /** Paths that a setting may be written to. */
  writable: z.array(z.string()),
  /** A disk's kernel name to a short name that stays with the disk and tells nothing of its serial. */
  keys: z.record(z.string(), z.string()),
  /** What programs printed: `ethtool -k eth0`. */
  printed: z.record(z.string(), z.string()),
})
export type RawFacts = z.infer<typeof rawFacts>

const count = z.number().int().nonnegative()
const text = z.string().nullable()

export const cpuFeature = z.enum([
  'aes',
  'vaes',
  'pclmul',
  'sha1',
  'sha2',
  'sha512',
  'crc32',
  'avx2',
  'avx512',
  'neon',
  'sve',
])
export type CpuFeature = z.infer<typeof cpuFeature>

export const machineFacts = z.object({
  board: text,
  maker: text,
  pi: z.number().int().nullable().describe('Which Raspberry Pi, where it is one.'),
  virtual: text.describe(
    'The hypervisor, `a virtual machine` where it hides its name; null on real hardware.',
  ),
  container: text,
  kernel: text,
})

export const cpuFacts = z.object({
  model: text,
  cores: count.describe('Real ones; threads of a core do not count.'),
  threads: count,
  maxMhz: count.nullable(),
  caches: z.array(
    z.object({
      level: count,
      kind: z.enum(['data', 'instruction', 'unified']),
      sizeBytes: count,
      sharedBy: count,
    }),
  ),
  features: z.array(cpuFeature),
  scaling: z
    .object({
      driver: text,
      governors: z.array(z.string()),
      preferences: z.array(z.string()),
    })
    .nullable()
    .describe('Null where Linux does not choose the clock.'),
})

export const swap = z.object({
  kind: z.enum(['zram', 'partition', 'file']),
  sizeBytes: count,
  usedBytes: count,
  disk: text.describe('Kernel name of the disk below, where it is a partition.'),
})

export const memoryFacts = z.object({
  totalBytes: count,
  swaps: z.array(swap),
  zram: z.object({
    canMake: z.boolean(),
    devices: z.array(
      z.object({ name: z.string(), sizeBytes: count, algorithm: text, algorithms: z.array(z.string()) }),
    ),
  }),
  isZswapOn: z.boolean().nullable(),
})

export const diskBus = z.enum(['nvme', 'sata', 'scsi', 'usb', 'mmc', 'virtio', 'xen', 'loop', 'other'])

export const tunedDisk = z.object({
  name: z.string().describe('As the kernel calls it now: `sda`.'),
  key: z.string().describe('Stays with the disk; settings are named by it.'),
  model: text,
  bus: diskBus,
  isRotational: z.boolean().nullable(),
  isRemovable: z.boolean(),
  sizeBytes: count,
  queueDepth: count.nullable(),
  queues: count.describe('Hardware queues.'),
  scheduler: text,
  schedulers: z.array(z.string()),
  readAheadKib: count.nullable(),
  canDiscard: z.boolean(),
  usb: z
    .object({
      driver: text,
      id: text.describe('`vendor:product` of the bridge.'),
      mbitPerSecond: count.nullable(),
    })
    .nullable(),
  link: z
    .object({ speed: text, maxSpeed: text, width: count.nullable(), maxWidth: count.nullable() })
    .nullable()
    .describe('PCI Express.'),
})
export type TunedDisk = z.infer<typeof tunedDisk>

export const networkCard = z.object({
  name: z.string(),
  driver: text,
  isUp: z.boolean(),
  mbitPerSecond: count.nullable(),
  mtu: count.nullable(),
  receiveQueues: count,
  spreadsReceive: z.boolean().describe('Receive packet steering is on.'),
  offloads: z.array(z.string()).nullable().describe('Those that are on; null where nothing tells.'),
})
export type NetworkCard = z.infer<typeof networkCard>

export const powerFacts = z.object({
  isUnderVoltage: z.boolean().nullable(),
  hadUnderVoltage: z.boolean().nullable(),
  isThrottled: z.boolean().nullable(),
  hadThrottled: z.boolean().nullable(),
  hasBattery: z.boolean(),
  celsius: z.number().nullable(),
  maxCelsius: z.number().nullable().describe('Where it slows down.'),
})

export const tunedPool = z.object({
  name: z.string(),
  disks: z.array(z.string()).describe('Kernel names.'),
  mountOptions: z.array(z.string()).nullable(),
})
export type TunedPool = z.infer<typeof tunedPool>

export const settingName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*(\.[a-z0-9_-]+){1,3}$/i, 'not the name of a setting')
  .max(80)
export const settingValue = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x20-\x7e]+$/, 'one line of plain text')

export const settable = z.object({
  value: text.describe('How it is now.'),
  problem: text.describe('Why it cannot be set here; null: it can.'),
})
export type Settable = z.infer<typeof settable>

export const facts = z.object({
  machine: machineFacts,
  cpu: cpuFacts,
  memory: memoryFacts,
  disks: z.array(tunedDisk),
  network: z.array(networkCard),
  power: powerFacts,
  pools: z.array(tunedPool),
  settable: z
    .record(z.string(), settable)
    .describe('What can be set on this machine, by the name of the setting.'),
})
export type Facts = z.infer<typeof facts>

const rate = z.number().nonnegative().describe('MB/s, of one core.')

export const syncTimes = z.object({ median: z.number().nonnegative(), p99: z.number().nonnegative() })
export type SyncTimes = z.infer<typeof syncTimes>

export const poolSpeed = z.object({ writeMbPerSecond: z.number().nonnegative(), fsyncMs: syncTimes })
export type PoolSpeed = z.infer<typeof poolSpeed>

/** What the calibration found on this very machine. Null: could not be measured here. */
export const measurements = z.object({
  takenAt: z.iso.datetime(),
  machine: z.string().describe('Fingerprint of the hardware: other hardware, other figures.'),
  tookMs: count,
  ciphers: z.object({
    aes128gcm: rate,
    aes256gcm: rate,
    chacha20poly1305: rate,
    aes128gmac: rate.describe('Signs without encrypting.'),
    hmacSha256: rate,
  }),
  hashes: z.object({ sha256: rate, blake3: rate, xxh3: rate, md5: rate }),
  compression: z.array(
    z.object({ level: count, mbPerSecond: rate, ratio: z.number().positive().describe('2: half the size.') }),
  ),
  memoryMbPerSecond: z.number().nonnegative().nullable(),
  loopbackMbPerSecond: z.number().nonnegative().nullable(),
  pools: z.array(poolSpeed.extend({ name: z.string() })),
})
export type Measurements = z.infer<typeof measurements>

export const settingGroup = z.enum([
  'processor',
  'memory',
  'disks',
  'network',
  'pools',
  'faces',
  'servers',
  'worker',
  'system',
])
export type SettingGroup = z.infer<typeof settingGroup>

export const plannedState = z.enum(['planned', 'as-is', 'unavailable', 'advice'])

export const plannedSetting = z.object({
  name: settingName,
  group: settingGroup,
  title: z.string(),
  from: text.describe('How it was found; null: not known.'),
  to: z.string(),
  reason: z.string().describe('Why, in one sentence.'),
  evidence: z.string().describe('The fact or the figure behind it.'),
  effect: z.string().describe('What it should change.'),
  revert: z.string(),
  state: plannedState.describe('`advice`: nothing takes it up by itself yet.'),
  problem: text.describe('Why it cannot be set here, who would have to take it up, or why it was undone.'),
  isChoice: z.boolean().describe('Somebody chose this value.'),
  memoryBytes: count.describe('What it may cost in memory at most.'),
})
export type PlannedSetting = z.infer<typeof plannedSetting>

export const seenThing = z.object({
  name: z.string(),
  seen: z.string(),
  wouldTry: z.string(),
})
export type SeenThing = z.infer<typeof seenThing>

export const plan = z.object({ settings: z.array(plannedSetting), seen: z.array(seenThing) })
export type Plan = z.infer<typeof plan>

/** What people decided: the name of a setting to its value. */
export type Choices = Readonly<Record<string, string>>

/** What the agent has set, and what it found there. */
export const appliedSetting = z.object({
  name: settingName,
  found: text,
  value: z.string(),
  isSet: z.boolean().describe('Not set: its disk is away.'),
})
export type AppliedSetting = z.infer<typeof appliedSetting>

export const settingProblem = z.object({ name: settingName, message: z.string() })
export type SettingProblem = z.infer<typeof settingProblem>

export const settingState = z.enum([...plannedState.options, 'applied'])

export const tuningSetting = plannedSetting.extend({ state: settingState })
export type TuningSetting = z.infer<typeof tuningSetting>

export const tuningReport = z.object({
  facts,
  measurements: measurements.nullable(),
  isMeasuredHere: z
    .boolean()
    .describe('The figures are of this hardware. If not, nothing is planned by them; measure again.'),
  settings: z.array(tuningSetting),
  seen: z.array(seenThing),
})
export type TuningReport = z.infer<typeof tuningReport>
