import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { checkout, eventually, freePort } from './cairn.ts'

/** A PC in QEMU, flashed with the image that `scripts/image amd64` has built. */
export interface Machine {
  url: string
  httpPort: number
  smbPort: number
  nfsPort: number
  /** From power to the first answer of this address. Says how long that took, in seconds. */
  start(): Promise<number>
  /** Shuts down as with the power button, and waits. */
  powerOff(): Promise<void>
  /** As if the plug were pulled. */
  cutPower(): Promise<void>
  /** What the serial line has said since the last start. */
  console(): Promise<string>
  /** Runs a command as root, over ssh with a key that lies on the boot partition; what it prints. */
  shell(command: string): Promise<string>
  /** A command of QEMU's machine protocol. */
  qmp(execute: string, args?: Record<string, unknown>): Promise<unknown>
}

export interface MachineOptions {
  firmware: 'bios' | 'uefi'
  /** Serials of the empty disks beside the one with the system. */
  disks?: string[]
  diskSize?: string
  memoryMib?: number
  /** Files on the boot partition, beside the ones that flashing puts there. */
  bootFiles?: Record<string, string>
  /** Lets root in by ssh. */
  hasKey?: boolean
}

const run = promisify(execFile)
const image = join(checkout, 'build/image/amd64/cairn-amd64.img.zst')
/** Larger than the image, as every real disk is. */
const systemDiskBytes = 6 * 1024 ** 3
const espOffset = '2M'
/** Without KVM, on a machine that has other work as well. */
const bootsWithinMs = 8 * 60_000
const stopsWithinMs = 90_000
const ovmf = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' }

export function whyNoMachine(): string | null {
  if (!existsSync(image)) return 'an image: scripts/image amd64'
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return 'qemu-system-x86'
  return existsSync(ovmf.code) ? null : 'ovmf'
}

/** Everything it leaves behind goes with the test, however that ends. */
export async function createMachine(t: ExecutionContext, options: MachineOptions): Promise<Machine> {
  const folder = await mkdtemp('/var/tmp/cairn-machine-')
  const file = (name: string) => join(folder, name)
  let qemu: ChildProcess | undefined
  t.teardown(async () => {
    await end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const ports = {
    http: await freePort(),
    smb: await freePort(),
    nfs: await freePort(),
    ssh: await freePort(),
  }
  const url = `http://127.0.0.1:${ports.http}`

  await flash()
  const command = await commandLine()

  async function flash() {
    await run('zstd', ['-q', '-d', image, '-o', file('system.img')])
    await truncate(file('system.img'), systemDiskBytes)
    for (const [name, text] of Object.entries({ ...options.bootFiles, ...(await keyFile()) })) {
      await writeFile(file('given'), text)
      await run('mcopy', ['-o', '-i', `${file('system.img')}@@${espOffset}`, file('given'), `::${name}`])
    }
  }

  async function keyFile(): Promise<Record<string, string>> {
    if (options.hasKey === false) return {}
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file('key')])
    return { authorized_keys: await readFile(file('key.pub'), 'utf8') }
  }

  async function commandLine(): Promise<string[]> {
    const forwards = [`${ports.http}-:80`, `${ports.smb}-:445`, `${ports.nfs}-:2049`, `${ports.ssh}-:22`]
    return [
      ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'qemu64', '-smp', '2'],
      ...['-m', String(options.memoryMib ?? 1024), '-display', 'none', '-serial', `file:${file('console')}`],
      ...['-qmp', `unix:${file('qmp')},server=on,wait=off`, '-device', 'virtio-rng-pci'],
      ...['-netdev', ['user,id=net', ...forwards.map(each => `hostfwd=tcp:127.0.0.1:${each}`)].join(',')],
      ...['-device', 'virtio-net-pci,netdev=net'],
      // The first disk, or SeaBIOS would try another one and stay silent.
      ...drive('system', file('system.img'), 'raw', 'virtio-blk-pci,bootindex=0'),
      ...['-device', 'virtio-scsi-pci,id=scsi'],
      ...(await dataDisks()),
      ...(options.firmware === 'uefi' ? await uefi() : []),
    ]
  }

  async function dataDisks(): Promise<string[]> {
    const lines = []
    for (const serial of options.disks ?? []) {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', file(serial), options.diskSize ?? '4G'])
      lines.push(...drive(serial, file(serial), 'qcow2', `scsi-hd,bus=scsi.0,serial=${serial}`))
    }
    return lines
  }

  async function uefi(): Promise<string[]> {
    await copyFile(ovmf.variables, file('variables'))
    return [
      ...['-drive', `if=pflash,format=raw,readonly=on,file=${ovmf.code}`],
      ...['-drive', `if=pflash,format=raw,file=${file('variables')}`],
    ]
  }

  async function start() {
    const startedAt = Date.now()
    await rm(file('console'), { force: true })
    const child = spawn('qemu-system-x86_64', command, { stdio: ['ignore', 'ignore', 'pipe'] })
    qemu = child
    let said = ''
    child.stderr?.on('data', data => {
      said += data
    })
    try {
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`QEMU ended: ${said}`)
        return isAnswering(url)
      }, bootsWithinMs)
    } catch (error) {
      throw new Error(`the machine does not answer; its console:\n${(await consoleText()).slice(-3000)}`, {
        cause: error,
      })
    }
    return Math.round((Date.now() - startedAt) / 1000)
  }

  const consoleText = async () => (existsSync(file('console')) ? readFileSync(file('console'), 'latin1') : '')

  async function end(signal: NodeJS.Signals) {
    if (!qemu || qemu.exitCode !== null || qemu.signalCode !== null) return
    const gone = once(qemu, 'exit')
    qemu.kill(signal)
    await gone
  }

  return {
    url,
    httpPort: ports.http,
    smbPort: ports.smb,
    nfsPort: ports.nfs,
    start,
    async powerOff() {
      if (!qemu) return
      const gone = once(qemu, 'exit', { signal: AbortSignal.timeout(stopsWithinMs) })
      await talkToQemu(file('qmp'), 'system_powerdown')
      await gone
    },
    cutPower: () => end('SIGKILL'),
    console: consoleText,
    async shell(given) {
      const how = [
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
        '-o',
        'LogLevel=ERROR',
      ]
      const args = [...how, '-o', 'ConnectTimeout=60', '-i', file('key'), '-p', String(ports.ssh)]
      const { stdout } = await run('ssh', [...args, 'root@127.0.0.1', given], { timeout: 120_000 })
      return stdout
    },
    qmp: (execute, args) => talkToQemu(file('qmp'), execute, args),
  }
}

function drive(id: string, path: string, format: string, device: string): string[] {
  // What the guest has flushed is with the kernel here: enough, since only QEMU is ever killed.
  const backend = `if=none,id=${id},file=${path},format=${format},cache=unsafe,discard=unmap`
  return ['-drive', backend, '-device', `${device},drive=${id}`]
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

/** One command: QEMU greets, wants its capabilities asked for, and mixes events in. */
async function talkToQemu(path: string, execute: string, args?: Record<string, unknown>): Promise<unknown> {
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
