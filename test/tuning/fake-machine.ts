import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Agent, createLocalAgent } from '../../appliance/agent/client.ts'
import { type Log, silentLog } from '../../appliance/lib/log.ts'
import { createParts, type Parts } from '../../appliance/lib/parts.ts'
import { createTuningOperations } from '../../appliance/tuning/system/index.ts'
import { tempFolder } from '../helpers/temp.ts'

export interface FakeMachine {
  root: string
  dataDir: string
  get(path: string): Promise<string>
  put(path: string, text: string): Promise<void>
  remove(path: string): Promise<void>
  addCard(name: string, driver: string): Promise<void>
  /** From now on it takes no value: the kernel bends some without a word. */
  refuse(path: string): Promise<void>
  /** A start of the machine: everything is as the kernel has it. */
  restart(): Promise<void>
  /** An agent on it; the one before has to be stopped or dead. */
  agent(log?: Log): Promise<FakeAgent>
}

export interface FakeAgent extends Agent {
  stop: Parts['stop']
}

export const vm = '/proc/sys/vm'
const usual: Record<string, string> = {
  '/proc/meminfo': 'MemTotal:       2014740 kB\n',
  '/proc/swaps':
    'Filename Type Size Used Priority\n/dev/zram0                              partition\t1007364\t\t0\t\t100\n',
  '/proc/cpuinfo':
    'processor\t: 0\nmodel name\t: Test\nflags\t\t: aes\n\nprocessor\t: 1\nmodel name\t: Test\n',
  [`${vm}/swappiness`]: '60\n',
  [`${vm}/page-cluster`]: '3\n',
  [`${vm}/dirty_ratio`]: '20\n',
  [`${vm}/dirty_bytes`]: '0\n',
  [`${vm}/dirty_background_ratio`]: '10\n',
  [`${vm}/dirty_background_bytes`]: '0\n',
  '/proc/sys/net/ipv4/tcp_rmem': '4096\t131072\t6291456\n',
  '/proc/sys/net/ipv4/tcp_wmem': '4096\t16384\t4194304\n',
  '/sys/block/sda/size': '1953525168\n',
  '/sys/block/sda/queue/rotational': '1\n',
  '/sys/block/sda/queue/scheduler': '[none] mq-deadline\n',
  '/sys/block/sda/queue/read_ahead_kb': '128\n',
}

/** A folder that stands for a machine's /proc and /sys. */
export async function fakeMachine(t: Pick<ExecutionContext, 'teardown'>): Promise<FakeMachine> {
  const machine = machineIn({ root: await tempFolder(t), dataDir: await tempFolder(t) })
  await machine.restart()
  return machine
}

/** The same machine, for another process too. */
export function machineIn({ root, dataDir }: Pick<FakeMachine, 'root' | 'dataDir'>): FakeMachine {
  let starts = 0
  const machine: FakeMachine = {
    root,
    dataDir,
    get: async path => (await readFile(join(root, path), 'utf8')).trim(),
    async put(path, text) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    },
    remove: path => rm(join(root, path), { recursive: true, force: true }),
    async addCard(name, driver) {
      const card = `/sys/class/net/${name}`
      await machine.put(`${card}/operstate`, 'up\n')
      await machine.put(`${card}/device/uevent`, '')
      await symlink(`../../../../bus/usb/drivers/${driver}`, join(root, card, 'device/driver'))
    },
    async refuse(path) {
      await rm(join(root, path), { force: true })
      await symlink('/dev/null', join(root, path))
    },
    async restart() {
      starts += 1
      await machine.put('/proc/sys/kernel/random/boot_id', `start-${starts}\n`)
      for (const [path, text] of Object.entries(usual)) await machine.put(path, text)
    },
    async agent(log = silentLog) {
      const parts = createParts(log)
      const operations = createTuningOperations({
        root,
        dataDir,
        parts,
        log,
        poolsDir: '/srv/cairn',
      })
      await parts.start()
      return { ...createLocalAgent(operations, log), stop: parts.stop }
    },
  }
  return machine
}
