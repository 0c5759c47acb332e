import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/**
 * A machine of its own under QEMU, with a Debian kernel and this machine's files below a layer that is thrown away: what
 * needs a kernel that this one is not can be tried there. scripts/prepare.sh fetches what it boots.
 */
const folder = join(import.meta.dirname, '..', '..', '.cache', 'guest')
const qemu = '/usr/bin/qemu-system-x86_64'
/** It ends with who has started it, however that ends. */
const withUs = ['--pdeathsig', 'KILL', qemu] as const
const run = promisify(execFile)

/** Why there is none here, or null. */
export function guestProblem(): string | null {
  if (process.getuid?.() !== 0) return 'needs root'
  if (process.arch !== 'x64') return 'needs an x86-64 machine'
  if (!existsSync(join(folder, 'release'))) return 'needs the kernel that scripts/test fetches'
  return existsSync(qemu) ? null : 'needs qemu-system-x86_64'
}

export interface GuestOptions {
  command: readonly string[]
  cwd: string
  env?: Record<string, string>
  memoryMb?: number
  /** Each line of what the command writes. */
  onLine(line: string): void
  /** It is switched off then. */
  withinMs: number
}

/** Boots it, runs the command as root, and switches it off. Answers the exit code; throws where it came to none. */
export async function runInGuest({
  memoryMb = 2048,
  onLine,
  withinMs,
  ...job
}: GuestOptions): Promise<number> {
  const place = await mkdtemp('/var/tmp/cairn-guest-')
  try {
    await makeInitrd(place, job)
    await run('truncate', ['--size', '16G', join(place, 'disk')])
    return await boot({ place, memoryMb, onLine, withinMs })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const

interface Boot extends Pick<GuestOptions, 'onLine' | 'withinMs'> {
  place: string
  memoryMb: number
}

async function boot({ place, memoryMb, onLine, withinMs }: Boot): Promise<number> {
  const child = spawn('setpriv', [...withUs, ...qemuArguments(place, memoryMb)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = () => child.kill('SIGKILL')
  // Then the files are removed too.
  for (const signal of signals) process.once(signal, end)
  const timer = setTimeout(end, withinMs)
  let code: number | undefined
  createInterface({ input: child.stdout }).on('line', line => {
    const ended = /^guest: exit (\d+)$/.exec(line)
    if (ended) code = Number(ended[1])
    else onLine(line)
  })
  await once(child, 'close')
  clearTimeout(timer)
  for (const signal of signals) process.off(signal, end)
  if (code !== undefined) return code
  const said = await readFile(join(place, 'kernel.log'), 'utf8')
  throw new Error(`the guest came to no end:\n${said.slice(-4000)}`)
}

function qemuArguments(place: string, memoryMb: number): string[] {
  const shared = (path: string, tag: string) =>
    `local,path=${path},mount_tag=${tag},security_model=none,readonly=on,multidevs=remap`
  return [
    ...['-accel', hasKvm() ? 'kvm' : 'tcg,tb-size=1024', '-cpu', 'max', '-smp', '2', '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(place, 'initrd')],
    ...['-append', 'console=ttyS0 panic=-1 loglevel=4'],
    // The first line for the kernel, the second for the command alone.
    ...['-serial', `file:${join(place, 'kernel.log')}`, '-serial', 'stdio'],
    ...['-virtfs', shared('/', 'host'), '-virtfs', shared(join(folder, 'root'), 'packages')],
    ...['-drive', `file=${join(place, 'disk')},format=raw,if=virtio,cache=unsafe,discard=unmap`],
  ]
}

/** There are machines with a /dev/kvm on which no kernel but a special one starts. */
export function hasKvm(): boolean {
  return existsSync('/dev/kvm') && /^flags.* (vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
}

const earlyModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay']

async function makeInitrd(place: string, job: Pick<GuestOptions, 'command' | 'cwd' | 'env'>) {
  const tree = join(place, 'initrd.d')
  for (const each of ['modules', 'packages', 'host', 'root', 'layer', 'proc', 'dev'])
    await mkdir(join(tree, each), { recursive: true })
  await run('cp', [join(folder, 'busybox'), join(tree, 'busybox')])
  const modules = await modulePaths()
  for (const [index, path] of modules.entries())
    await copyModule(path, join(tree, 'modules', numbered(index)))
  for (const [from, to] of [
    ['guest-init.sh', 'init'],
    ['guest-second.sh', 'second'],
  ] as const) {
    await writeFile(join(tree, to), await readFile(join(import.meta.dirname, from)), { mode: 0o755 })
  }
  await writeFile(join(tree, 'job'), renderJob(job), { mode: 0o755 })
  const pack = 'find . | cpio --quiet -o -H newc > ../initrd'
  await run('sh', ['-c', pack], { cwd: tree })
}

const numbered = (index: number) => `${String(index).padStart(3, '0')}.ko`

/** In the order in which they must be loaded. */
async function modulePaths(): Promise<string[]> {
  const release = (await readFile(join(folder, 'release'), 'utf8')).trim()
  const base = ['-d', join(folder, 'root'), '-S', release, '--show-depends']
  const answers = await Promise.all(earlyModules.map(name => run('/usr/sbin/modprobe', [...base, name])))
  const lines = answers.flatMap(({ stdout }) => stdout.split('\n'))
  return [...new Set(lines.flatMap(line => /^insmod (\S+)/.exec(line)?.[1] ?? []))]
}

async function copyModule(path: string, to: string) {
  if (!path.endsWith('.xz')) return void (await run('cp', [path, to]))
  const { stdout } = await run('xz', ['-dc', path], { encoding: 'buffer', maxBuffer: 2 ** 26 })
  await writeFile(to, stdout)
}

function renderJob({ command, cwd, env = {} }: Pick<GuestOptions, 'command' | 'cwd' | 'env'>): string {
  const patience = hasKvm() ? {} : { CAIRN_TEST_PATIENCE: '8' }
  const settings = Object.entries({ ...patience, ...env }).map(
    ([name, value]) => `export ${name}=${quoted(value)}`,
  )
  return ['#!/bin/sh', ...settings, `cd ${quoted(cwd)}`, `exec ${command.map(quoted).join(' ')}`, ''].join(
    '\n',
  )
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
