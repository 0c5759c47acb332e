import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { z } from 'zod'
import { checkout, eventually, freePort } from './cairn.ts'
import { forgetUnflushed, layOver } from './lossy-disk.ts'
import { piKernel } from './pi.ts'
import { forgetCodeAtResets } from './translated-code.ts'

/** A machine in QEMU, flashed with the image that `scripts/image BOARD` has built. */
export interface Machine {
  /** Over HTTPS; this process trusts the box's authority from its first start on. */
  url: string
  /** Over HTTP: the wizard, and what leads to HTTPS. */
  plainUrl: string
  httpPort: number
  smbPort: number
  nfsPort: number
  /**
   * From power to the first answer over HTTP. Says how long that took, in seconds. `isTrial`: as a Raspberry Pi starts after a
   * restart with `0 tryboot`.
   */
  start(given?: { isTrial?: boolean }): Promise<number>
  /** Its authority is another one since it was reset. */
  trust(): Promise<void>
  /** Shuts down as with the power button, and waits. */
  powerOff(): Promise<void>
  /** As if the plug were pulled. */
  cutPower(): Promise<void>
  /** Takes one of the disks out while the machine runs. */
  pullDisk(serial: string): Promise<void>
  /** Puts an empty disk in while the machine runs. */
  insertDisk(serial: string): Promise<void>
  /** How much was written to each disk since the last start, by its serial. */
  writtenBytes(): Promise<Map<string, number>>
  /** What the serial line has said since the last start. */
  console(): Promise<string>
  /** What was asked of the hardware of a Raspberry Pi that QEMU has not. */
  unknown(): Promise<string>
  /** Runs a command as root, over ssh with a key that lies on the boot partition; what it prints. */
  shell(command: string): Promise<string>
  publicKey(): Promise<string>
  /** A command of QEMU's machine protocol. */
  qmp(execute: string, args?: Record<string, unknown>): Promise<unknown>
}

export interface MachineOptions {
  /** A PC, if nothing else is said. */
  board?: Board
  firmware: 'bios' | 'uefi' | 'raspberry-pi'
  /** Serials of the empty disks beside the one with the system. */
  disks?: string[]
  /** How a disk hangs on a PC, where that is not SCSI. */
  buses?: Record<string, Bus>
  diskBytes?: number
  memoryMib?: number
  /** Files on the boot partition, beside the ones that flashing puts there. */
  bootFiles?: Record<string, string>
  /** Whether the key of `shell` lies on the boot partition from the start. */
  hasKey?: boolean
  /** Its disks forget at a power cut what was not flushed. */
  losesUnflushed?: boolean
  /** A PC whose watchdog starts it again, as a real one does: QEMU's only counts, if nothing else is said. */
  hasWatchdog?: boolean
}

export type Board = keyof typeof boards
export type Bus = keyof typeof devices

interface Imitation {
  program: string
  package: string
  hardware: string[]
  uefi?: { package: string; code: string; variables: string }
}

/** How QEMU imitates what there are images for, and in which of Debian's packages the parts are. */
const boards = {
  amd64: {
    program: 'qemu-system-x86_64',
    package: 'qemu-system-x86',
    hardware: ['-machine', 'q35', '-cpu', 'qemu64'],
    uefi: {
      package: 'ovmf',
      code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
      variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
    },
  },
  arm64: {
    program: 'qemu-system-aarch64',
    package: 'qemu-system-arm',
    hardware: ['-machine', 'virt', '-cpu', 'cortex-a57'],
    uefi: {
      package: 'qemu-efi-aarch64',
      code: '/usr/share/AAVMF/AAVMF_CODE.fd',
      variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
    },
  },
  // A Pi 3, which has 1 GiB, four cores, no PCI, and here no firmware: what that would start is handed to it.
  rpi: {
    program: 'qemu-system-aarch64',
    package: 'qemu-system-arm',
    hardware: ['-machine', 'raspi3b'],
  },
} satisfies Record<string, Imitation>

const run = promisify(execFile)
const imageOf = (board: Board) => join(checkout, `build/image/${board}/cairn-${board}.img.zst`)
/** Larger than the image, as every real disk is. */
const systemDiskBytes = 6 * 1024 ** 3
/** Where the boot partition begins. */
const offsets: Record<Board, string> = { amd64: '2M', arm64: '2M', rpi: '4M' }
/** Without KVM, on a machine that has other work as well. */
const bootsWithinMs = 15 * 60_000
const stopsWithinMs = 3 * 60_000
const shellTimeoutMs = 20 * 60_000

export function whyNoMachine(board: Board = 'amd64'): string | null {
  const { program, package: debian, uefi }: Imitation = boards[board]
  if (!existsSync(imageOf(board))) return `an image: scripts/image ${board}`
  if (!existsSync(`/usr/bin/${program}`)) return debian
  return uefi === undefined || existsSync(uefi.code) ? null : uefi.package
}

/** Everything it leaves behind goes with the test, however that ends. */
export async function createMachine(t: ExecutionContext, options: MachineOptions): Promise<Machine> {
  const board = options.board ?? 'amd64'
  const { program, hardware, uefi }: Imitation = boards[board]
  const isPi = board === 'rpi'
  const folder = await mkdtemp('/var/tmp/cairn-machine-')
  const file = (name: string) => join(folder, name)
  let qemu: ChildProcess | undefined
  let forgetting = Promise.resolve()
  const sockets = { monitor: file('events'), debugger: file('debugger') }
  t.teardown(async () => {
    await end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const ports = {
    http: await freePort(),
    https: await freePort(),
    smb: await freePort(),
    nfs: await freePort(),
    ssh: await freePort(),
  }
  const plainUrl = `http://127.0.0.1:${ports.http}`

  await flash()
  const disks = new Map([['system', file('system.img')]])
  for (const serial of options.disks ?? []) await makeDisk(serial)
  const fixed = await commandLine()

  async function flash() {
    await run('zstd', ['-q', '-d', imageOf(board), '-o', file('system.img')])
    await truncate(file('system.img'), systemDiskBytes)
    for (const [name, text] of Object.entries({ ...options.bootFiles, ...(await keyFile()) })) {
      await writeFile(file('given'), text)
      await run('mcopy', ['-o', '-i', `${file('system.img')}@@${offsets[board]}`, file('given'), `::${name}`])
    }
  }

  async function keyFile(): Promise<Record<string, string>> {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file('key')])
    return options.hasKey === false ? {} : { authorized_keys: await publicKey() }
  }

  function publicKey() {
    return readFile(file('key.pub'), 'utf8')
  }

  async function commandLine(): Promise<string[]> {
    const inside = { http: 80, https: 443, smb: 445, nfs: 2049, ssh: 22 }
    const forwards = Object.entries(inside).map(
      ([name, port]) => `${ports[name as keyof typeof ports]}-:${port}`,
    )
    return [
      ...[...hardware, '-accel', 'tcg,thread=multi', '-display', 'none'],
      // On the Pi the first line belongs to Bluetooth.
      ...(isPi ? ['-serial', 'null'] : []),
      ...['-serial', `file:${file('console')}`],
      ...['-qmp', `unix:${file('qmp')},server=on,wait=off`],
      ...['-qmp', `unix:${sockets.monitor},server=on,wait=off`],
      ...['-gdb', `unix:${sockets.debugger},server=on,wait=off`],
      ...['-netdev', ['user,id=net', ...forwards.map(each => `hostfwd=tcp:127.0.0.1:${each}`)].join(',')],
      ...(isPi
        ? ['-device', 'usb-net,netdev=net', '-d', 'unimp', '-D', file('unknown')]
        : ['-smp', '2', '-m', String(options.memoryMib ?? 1024), ...pciDevices]),
      ...busControllers(options.buses ?? {}),
      ...(options.firmware === 'uefi' ? await uefiDrives() : []),
      ...(options.hasWatchdog ? ['-global', 'ICH9-LPC.noreboot=false'] : []),
    ]
  }

  async function makeDisk(serial: string) {
    await writeFile(file(serial), '')
    await truncate(file(serial), options.diskBytes ?? 4 * 1024 ** 3)
    disks.set(serial, file(serial))
  }

  /** The content of a disk, as a node of QEMU's with the name of the disk. */
  async function contentOf(serial: string, path: string) {
    const content = options.losesUnflushed ? await layOver(path) : plainDisk(path)
    return { 'node-name': serial, ...content }
  }

  async function insertedDisks(): Promise<string[]> {
    const lines = []
    for (const [serial, path] of disks) {
      await forgetUnflushed(path)
      lines.push('-blockdev', JSON.stringify(await contentOf(serial, path)))
      lines.push('-device', JSON.stringify(deviceFor(serial)))
    }
    return lines
  }

  function deviceFor(serial: string) {
    if (isPi) return { driver: 'usb-storage', id: deviceOf(serial), drive: serial, serial }
    if (serial === 'system') return systemDisk
    const bus = options.buses?.[serial] ?? 'scsi'
    return { ...devices[bus], id: deviceOf(serial), drive: serial, ...(bus === 'sd' ? {} : { serial }) }
  }

  async function uefiDrives(): Promise<string[]> {
    if (!uefi) throw new Error(`${board} has no UEFI`)
    await copyFile(uefi.variables, file('variables'))
    return [
      ...['-drive', `if=pflash,format=raw,readonly=on,file=${uefi.code}`],
      ...['-drive', `if=pflash,format=raw,file=${file('variables')}`],
    ]
  }

  async function start({ isTrial = false } = {}) {
    await rm(file('console'), { force: true })
    const command = [...fixed, ...(await insertedDisks())]
    const startedAt = Date.now()
    const kernel = isPi ? piKernel(file('system.img'), { isTrial, folder }) : []
    const child = spawn(program, [...command, ...kernel], { stdio: ['ignore', 'ignore', 'pipe'] })
    qemu = child
    forgetting = forgetCodeAtResets(sockets)
    // Told by `end`.
    forgetting.catch(() => undefined)
    let said = ''
    child.stderr?.on('data', data => {
      said += data
    })
    try {
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`QEMU ended: ${said}`)
        return isAnswering(plainUrl)
      }, bootsWithinMs)
      await trust(plainUrl)
    } catch (error) {
      throw new Error(`the machine does not answer; its console:\n${(await consoleText()).slice(-3000)}`, {
        cause: error,
      })
    }
    return Math.round((Date.now() - startedAt) / 1000)
  }

  const textOf = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'latin1') : '')
  const consoleText = async () => textOf('console')

  /** A Pi has no power button, and QEMU's does not end with it: what would switch it off is the watchdog, which is not there. */
  async function powerOffPi() {
    await shell('systemctl --no-block poweroff')
    await eventually(async () => /reboot: (Power down|Power off not)/.test(textOf('console')), stopsWithinMs)
    await end('SIGKILL')
  }

  async function shell(given: string): Promise<string> {
    const how = [
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'LogLevel=ERROR',
      'ConnectTimeout=60',
    ]
    const args = [...how.flatMap(option => ['-o', option]), '-i', file('key'), '-p', String(ports.ssh)]
    const { stdout } = await run('ssh', [...args, 'root@127.0.0.1', given], { timeout: shellTimeoutMs })
    return stdout
  }

  const ask = (execute: string, args?: Record<string, unknown>) => talkToQemu(file('qmp'), execute, args)

  async function isPlugged(serial: string): Promise<boolean> {
    const all = plugged.parse(await ask('qom-list', { path: '/machine/peripheral' }))
    return all.some(({ name }) => name === deviceOf(serial))
  }

  async function end(signal: NodeJS.Signals) {
    if (!qemu || qemu.exitCode !== null || qemu.signalCode !== null) return
    const gone = once(qemu, 'exit')
    qemu.kill(signal)
    await gone
    await forgetting
  }

  return {
    url: `https://127.0.0.1:${ports.https}`,
    plainUrl,
    httpPort: ports.http,
    smbPort: ports.smb,
    nfsPort: ports.nfs,
    start,
    trust: () => trust(plainUrl),
    async powerOff() {
      if (!qemu) return
      if (isPi) return powerOffPi()
      const gone = once(qemu, 'exit', { signal: AbortSignal.timeout(stopsWithinMs) })
      await ask('system_powerdown')
      await gone
    },
    cutPower: () => end('SIGKILL'),
    async pullDisk(serial) {
      await ask('device_del', { id: deviceOf(serial) })
      await eventually(async () => !(await isPlugged(serial)), 60_000)
      disks.delete(serial)
    },
    async insertDisk(serial) {
      await makeDisk(serial)
      await ask('blockdev-add', await contentOf(serial, file(serial)))
      await ask('device_add', deviceFor(serial))
    },
    async writtenBytes() {
      const all = blockStatistics.parse(await ask('query-blockstats'))
      return new Map(all.map(one => [one['node-name'] ?? '', one.stats.wr_bytes]))
    },
    console: consoleText,
    unknown: async () => textOf('unknown'),
    shell,
    publicKey,
    qmp: ask,
  }
}

const blockStatistics = z.array(
  z.object({ 'node-name': z.string().optional(), stats: z.object({ wr_bytes: z.number() }) }),
)
const plugged = z.array(z.object({ name: z.string() }))

const asArguments = (devices: string[]) => devices.flatMap(device => ['-device', device])
const pciDevices = asArguments(['virtio-rng-pci', 'virtio-net-pci,netdev=net', 'virtio-scsi-pci,id=scsi'])

/** What disks hang on. A PC has SATA of its own. */
const devices = {
  scsi: { driver: 'scsi-hd', bus: 'scsi.0' },
  nvme: { driver: 'nvme' },
  sata: { driver: 'ide-hd', bus: 'ide.0' },
  uas: { driver: 'scsi-hd', bus: 'uas.0' },
  usb: { driver: 'usb-storage', bus: 'usb.0' },
  // QEMU's cards have one serial, their own.
  sd: { driver: 'sd-card', bus: 'sd-bus' },
}
function busControllers(buses: Record<string, Bus>): string[] {
  const kinds = Object.values(buses)
  // To Linux a disk behind a bridge has the serial of the bridge.
  const bridges = Object.keys(buses).filter(serial => buses[serial] === 'uas')
  return asArguments([
    ...(kinds.some(kind => kind === 'uas' || kind === 'usb') ? ['qemu-xhci,id=usb'] : []),
    ...bridges.map(serial => `usb-uas,id=uas,bus=usb.0,serial=${serial}`),
    ...(kinds.includes('sd') ? ['sdhci-pci'] : []),
  ])
}

const deviceOf = (serial: string) => `disk-${serial}`

// The first one, or SeaBIOS would try another and stay silent.
const systemDisk = { driver: 'virtio-blk-pci', drive: 'system', bootindex: 0 }

/** What the guest has flushed is with the kernel here: enough, since only QEMU is ever killed. What it has not is kept too. */
function plainDisk(path: string) {
  const cache = { 'no-flush': true }
  const file = { driver: 'file', filename: path, cache, discard: 'unmap' }
  return { driver: 'raw', cache, discard: 'unmap', file }
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(5_000) })
    return ok
  } catch {
    // Nobody listens yet, or QEMU has no connection to hand on.
    return false
  }
}

/** What a person does with the file that the wizard offers. Without settings a box shows no certificate. */
async function trust(plainUrl: string) {
  const answer = await fetch(`${plainUrl}/api/v1/network/authority.crt`)
  if (answer.status === 503) return
  if (!answer.ok) throw new Error(`no authority to trust: ${answer.status}`)
  setDefaultCACertificates([...getCACertificates('default'), await answer.text()])
}

/** One command: QEMU greets, wants its capabilities asked for, and mixes events in. */
export async function talkToQemu(
  path: string,
  execute: string,
  args?: Record<string, unknown>,
): Promise<unknown> {
  const socket = createConnection(path)
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
    const ask = async (command: object) => {
      socket.write(`${JSON.stringify(command)}\n`)
      for (;;) {
        const { value, done } = await lines.next()
        if (done) throw new Error(`QEMU hung up on ${execute}`)
        const answer = JSON.parse(value)
        if ('return' in answer) return answer.return
        if ('error' in answer) throw new Error(`${execute}: ${answer.error.desc}`)
      }
    }
    await ask({ execute: 'qmp_capabilities' })
    return await ask({ execute, ...(args ? { arguments: args } : {}) })
  } finally {
    socket.destroy()
  }
}
