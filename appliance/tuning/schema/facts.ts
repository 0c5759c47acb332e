import { z } from 'zod'

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
  path: z.string().describe('Where it is mounted.'),
  disks: z.array(z.string()).describe('Kernel names.'),
  mountOptions: z.array(z.string()).nullable(),
})
export type TunedPool = z.infer<typeof tunedPool>

export const settable = z.object({
  value: text.describe('How it is now.'),
  problem: text.describe('Why it cannot be set here; null: it can.'),
  by: z.string().optional().describe('Which of several programs takes it up here.'),
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
