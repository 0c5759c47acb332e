import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../test/helpers/cairn.ts'

/**
 * Boots the image and a bare Debian in turns and says how long each took from the kernel's first line. Both kernels are handed
 * over by QEMU itself, so that neither firmware nor boot loader is counted, to the same machine with the same kind of disk.
 */
const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const built = join(root, 'build/image/amd64')
const rounds = Number(process.argv[2] ?? 3)
const givesUpAfterMs = 10 * 60_000
const gibibyte = 1024 ** 3
const patienceMs = 5_000
/** What GRUB gives the image's kernel, on the serial line alone and not quiet. */
const grubConfig = readFileSync(join(root, 'image/grub/grub.cfg'), 'utf8')
const grubArguments = /^set kernel_args="(.*)"$/m.exec(grubConfig)?.[1]
if (grubArguments === undefined) throw new Error('grub.cfg sets no kernel_args')
const ownArguments = grubArguments.replace(' quiet', '').replace('$consoles', 'console=ttyS0,115200')
const imageArguments = `${ownArguments} root=PARTLABEL=root-a rootfstype=squashfs rauc.slot=A`
const bareArguments = 'ro rootwait console=ttyS0,115200 net.ifnames=0 root=/dev/vda'

interface System {
  disk: string
  kernel: string
  initrd: string
  kernelArguments: string
  /** Inside. */
  port: number
  answers(port: number): Promise<boolean>
  /** What is there later. */
  answersWhole?(port: number): Promise<boolean>
}

const folder = await mkdtemp('/var/tmp/cairn-facts-')
try {
  const [image, bare] = [await unpackImage(), await makeBareDebian()]
  const seconds = {
    first: [] as number[],
    again: [] as number[],
    bare: [] as number[],
    whole: [] as number[],
  }
  for (let round = 0; round < rounds; round++) {
    seconds.bare.push((await boot(bare)).page)
    const flashed = await flash()
    seconds.first.push((await boot({ ...image, disk: flashed })).page)
    const { page, whole } = await boot({ ...image, disk: flashed })
    seconds.again.push(page)
    seconds.whole.push(whole)
    console.log(JSON.stringify(seconds))
  }
  const bareMedian = median(seconds.bare)
  const [first, again] = [median(seconds.first), median(seconds.again)]
  const { size } = await stat(join(built, 'cairn-amd64.img.zst'))
  console.log(`compressed: ${Math.round(size / 1024 ** 2)} MiB`)
  console.log(`bare Debian, kernel to ssh: ${bareMedian.toFixed(1)} s (median of ${rounds})`)
  console.log(
    `image as flashed, kernel to wizard: ${first.toFixed(1)} s, ratio ${(first / bareMedian).toFixed(2)}`,
  )
  console.log(`image started again: ${again.toFixed(1)} s, ratio ${(again / bareMedian).toFixed(2)}`)
  console.log(`the wizard knows the box then after: ${median(seconds.whole).toFixed(1)} s`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function unpackImage(): Promise<System> {
  const [bundle, boots] = [join(folder, 'bundle'), join(folder, 'boot')]
  await run('unsquashfs', ['-no-progress', '-d', bundle, join(built, 'cairn-amd64.raucb')])
  await run('unsquashfs', ['-no-progress', '-d', boots, join(bundle, 'boot.img')])
  return {
    disk: '',
    kernel: join(boots, 'vmlinuz'),
    initrd: join(boots, 'initrd.img'),
    kernelArguments: imageArguments,
    port: 80,
    answers: port => isServed(port, '/setup'),
    answersWhole: port => isServed(port, '/api/v1/setup'),
  }
}

async function flash(): Promise<string> {
  const disk = join(folder, 'image.disk')
  await run('zstd', ['-q', '-f', '-d', join(built, 'cairn-amd64.img.zst'), '-o', disk])
  await truncate(disk, 6 * gibibyte)
  return disk
}

/** Debian's own kernel, initrd and defaults, with ssh and an address by DHCP. */
async function makeBareDebian(): Promise<System> {
  const tree = join(folder, 'bare')
  const mirror = process.env.CAIRN_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian'
  const packages = 'linux-image-amd64,initramfs-tools,systemd-sysv,udev,dbus,openssh-server'
  const options = ['--mode=root', '--variant=minbase', '--aptopt=APT::Install-Recommends "false"']
  await run('mmdebstrap', [...options, `--include=${packages}`, 'trixie', tree, mirror], {
    maxBuffer: 2 ** 26,
  })
  const network = join(tree, 'etc/systemd/network')
  await mkdir(network, { recursive: true })
  await writeFile(join(network, '20-wired.network'), '[Match]\nType=ether\n\n[Network]\nDHCP=yes\n')
  await run('systemctl', ['--root', tree, 'enable', 'systemd-networkd', 'ssh'])
  await writeFile(join(tree, 'etc/machine-id'), `${'c'.repeat(32)}\n`)
  const disk = join(folder, 'bare.disk')
  await writeFile(disk, '')
  await truncate(disk, 2 * gibibyte)
  await run('mkfs.ext4', ['-q', '-d', tree, disk])
  const find = async (prefix: string) =>
    join(tree, 'boot', (await readdir(join(tree, 'boot'))).find(name => name.startsWith(prefix)) ?? '')
  const [kernel, initrd] = [await find('vmlinuz-'), await find('initrd.img-')]
  return { disk, kernel, initrd, kernelArguments: bareArguments, port: 22, answers: hasSsh }
}

/** Seconds from the kernel's first line to the first answer, and to the first that needs all of the system. */
async function boot(system: System): Promise<{ page: number; whole: number }> {
  const [port, serial] = [await freePort(), join(folder, 'serial')]
  await rm(serial, { force: true })
  const qemu = spawn('qemu-system-x86_64', commandLine(system, port, serial), { stdio: 'ignore' })
  try {
    await until(
      qemu,
      async () => existsSync(serial) && readFileSync(serial, 'latin1').includes('Linux version'),
    )
    const startedAt = performance.now()
    const passed = () => (performance.now() - startedAt) / 1000
    await firstAnswer(qemu, () => system.answers(port))
    const page = passed()
    const { answersWhole } = system
    if (answersWhole) await firstAnswer(qemu, () => answersWhole(port))
    return { page, whole: passed() }
  } finally {
    const gone = once(qemu, 'exit')
    if (qemu.exitCode === null && qemu.kill('SIGKILL')) await gone
  }
}

function commandLine(
  { disk, kernel, initrd, kernelArguments, port: inside }: System,
  port: number,
  serial: string,
) {
  const forward = `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:${inside}`
  return [
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'qemu64', '-smp', '2', '-m', '1024'],
    ...['-display', 'none', '-serial', `file:${serial}`, '-device', 'virtio-rng-pci'],
    ...['-netdev', forward, '-device', 'virtio-net-pci,netdev=net'],
    ...[
      '-drive',
      `if=none,id=disk,file=${disk},format=raw,cache=unsafe`,
      '-device',
      'virtio-blk-pci,drive=disk',
    ],
    ...['-kernel', kernel, '-initrd', initrd, '-append', kernelArguments],
  ]
}

async function until(qemu: ChildProcess, isTrue: () => Promise<boolean>) {
  const deadline = performance.now() + givesUpAfterMs
  while (!(await isTrue())) {
    if (qemu.exitCode !== null) throw new Error('QEMU ended')
    if (performance.now() > deadline) throw new Error(`no answer within ${givesUpAfterMs / 60_000} minutes`)
    await delay(50)
  }
}

/** Asks anew four times a second, whether or not the ones before were answered: early ones are lost on their way. */
async function firstAnswer(qemu: ChildProcess, ask: () => Promise<boolean>) {
  let isAnswered = false
  let askedAt = 0
  await until(qemu, async () => {
    if (performance.now() - askedAt > 250) {
      askedAt = performance.now()
      void ask().then(answered => {
        isAnswered ||= answered
      })
    }
    return isAnswered
  })
}

async function isServed(port: number, path: string): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(patienceMs) })
    return answer.ok
  } catch {
    // Nobody listens yet.
    return false
  }
}

function hasSsh(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    const end = (isAnswered: boolean) => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.setTimeout(patienceMs, () => end(false))
    socket.once('data', data => end(data.toString().startsWith('SSH-2.0')))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
