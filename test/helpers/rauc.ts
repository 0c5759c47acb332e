import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ExecutionContext } from 'ava'
import { tempFolder } from './temp.ts'

export interface Rauc {
  conf: string
  bus: string
  /** What is in the slot of this name for the root file system. */
  slot(name: 'A' | 'B'): string
  /** Which one the boot loader would start next, and what it holds of a slot. */
  primary(): string
  stateOf(name: 'A' | 'B'): string
  /** A bundle that this RAUC trusts; its path. */
  bundle(version: string, given?: { compatible?: string; isForged?: boolean }): string
  stop(): Promise<void>
}

const slots = ['A', 'B'] as const

export interface Given {
  /** Which slot runs. */
  booted?: 'A' | 'B'
  /** A boot loader that is to be tried, with the slots that it starts from and their content in a bundle. */
  backend?: { program: string; slots: Record<'A' | 'B', string>; image(version: string): string }
}

/** RAUC's own service on a bus of its own, with files for slots and a folder for a boot loader. */
export async function startRauc(t: ExecutionContext, { booted = 'A', backend }: Given = {}): Promise<Rauc> {
  const folder = await tempFolder(t)
  const at = (...names: string[]) => join(folder, ...names)
  for (const name of ['boot', 'mount', 'slots']) mkdirSync(at(name))
  for (const name of slots)
    for (const part of ['root', 'boot']) writeFileSync(at('slots', part + name), Buffer.alloc(1024 ** 2))
  makeKey(at('good'))
  makeKey(at('forged'))
  writeFileSync(at('loader'), loader(at('boot')))
  chmodSync(at('loader'), 0o755)
  const bootSlots = backend?.slots ?? { A: at('slots', 'bootA'), B: at('slots', 'bootB') }
  writeFileSync(at('system.conf'), systemConf(at, backend?.program ?? at('loader'), bootSlots))
  writeFileSync(at('bus.conf'), busConf(at('bus')))

  const processes: ChildProcess[] = []
  const stop = async () => {
    for (const child of processes.splice(0).toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill()
      await once(child, 'exit')
    }
  }
  t.teardown(stop)
  const bus = `unix:path=${at('bus')}`
  const started = async (child: ChildProcess, isReady: RegExp) => {
    processes.push(child)
    for (const stream of [child.stdout, child.stderr])
      if (stream)
        for await (const line of createInterface({ input: stream }))
          if (isReady.test(line)) return stream.resume()
    throw new Error(`${child.spawnfile} said nothing`)
  }
  const asPipe = { stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'] }
  await started(
    spawn('dbus-daemon', [`--config-file=${at('bus.conf')}`, '--nofork', '--print-address'], asPipe),
    /unix:/,
  )
  const service = spawn(
    'rauc',
    [`--conf=${at('system.conf')}`, `--override-boot-slot=${booted}`, 'service'],
    {
      stdio: 'ignore',
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus },
    },
  )
  processes.push(service)
  await hasName(bus)

  let count = 0
  return {
    conf: at('system.conf'),
    bus,
    slot: name => readFileSync(at('slots', `root${name}`), 'utf8').replace(/\0+$/, ''),
    primary: () => readIfThere(at('boot', 'primary')) ?? 'A',
    stateOf: name => readIfThere(at('boot', `state.${name}`)) ?? 'good',
    bundle(version, { compatible = 'cairn-test', isForged = false } = {}) {
      count += 1
      const content = at(`content-${count}`)
      mkdirSync(content)
      for (const part of ['rootfs', 'boot'])
        writeFileSync(join(content, `${part}.img`), `${part} ${version}`.padEnd(4096, ' '))
      if (backend) copyFileSync(backend.image(version), join(content, 'boot.img'))
      writeFileSync(join(content, 'manifest.raucm'), manifest(version, compatible))
      const key = isForged ? 'forged' : 'good'
      const file = at(`${count}.raucb`)
      execFileSync('rauc', ['--cert', at(`${key}.pem`), '--key', at(`${key}.key`), 'bundle', content, file], {
        stdio: 'ignore',
      })
      return file
    },
    stop,
  }
}

async function hasName(bus: string) {
  const giveUpAt = Date.now() + 15_000
  for (;;) {
    const child = spawn('rauc', ['status'], {
      stdio: 'ignore',
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus },
    })
    const [code] = await once(child, 'exit')
    if (code === 0) return
    if (Date.now() > giveUpAt) throw new Error('RAUC did not start')
  }
}

function makeKey(path: string) {
  const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test'
  execFileSync('openssl', [...command.split(' '), '-keyout', `${path}.key`, '-out', `${path}.pem`], {
    stdio: 'ignore',
  })
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

const loader = (folder: string) => `#!/bin/sh
case "$1" in
  get-primary) cat ${folder}/primary 2>/dev/null || echo A ;;
  set-primary) echo "$2" >${folder}/primary ;;
  get-state) cat ${folder}/state.$2 2>/dev/null || echo good ;;
  set-state) echo "$3" >${folder}/state.$2 ;;
esac
`

const systemConf = (
  at: (...names: string[]) => string,
  backend: string,
  bootSlots: Record<'A' | 'B', string>,
) => `[system]
compatible=cairn-test
bootloader=custom
bundle-formats=+plain
statusfile=${at('status')}
mountprefix=${at('mount')}
[keyring]
path=${at('good.pem')}
[handlers]
bootloader-custom-backend=${backend}
${slots
  .map(
    (name, index) => `[slot.rootfs.${index}]
device=${at('slots', `root${name}`)}
type=raw
bootname=${name}
[slot.boot.${index}]
device=${bootSlots[name]}
type=raw
parent=rootfs.${index}`,
  )
  .join('\n')}
`

const manifest = (version: string, compatible: string) => `[update]
compatible=${compatible}
version=${version}
[bundle]
format=plain
[image.boot]
filename=boot.img
[image.rootfs]
filename=rootfs.img
`

const busConf = (
  socket: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
`
