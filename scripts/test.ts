import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hashOfInputs, hasImageChanged, noteThatImageBoots } from './image-inputs.ts'

/** Runs the groups one after the other, shows failures as they come, and ends with one line that counts. */
const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

interface Step {
  title: string
  command: [string, ...string[]]
  /** AVA, whose TAP is counted test by test; else the exit code is one test. */
  isAva?: boolean
  env?: Record<string, string>
}

const wanted = process.argv.slice(2)
const apart = ['disks', 'clients', 'web', 'run', 'image'].map(folder => `!test/${folder}/**`)
const ava = (title: string, ...args: string[]): Step => ({
  title,
  command: [process.execPath, bin('ava'), '--tap', ...args],
  isAva: true,
})

/** Each has a machine of its own, and machines are slow. */
const oneByOne = ['--concurrency', '1', '--timeout', '45m']

const groups: Record<string, Step[]> = {
  code: [
    { title: 'lint and format', command: [bin('biome'), 'ci', '.'] },
    { title: 'types of the daemon', command: [bin('tsc'), '--noEmit', '-p', '.'] },
    { title: 'types of the pages', command: [bin('tsc'), '--noEmit', '-p', 'appliance/web'] },
  ],
  unit: [ava('unit', 'test/**/*.test.ts', ...apart)],
  nas: [
    ava('disks', '--concurrency', '1', 'test/disks/**/*.test.ts'),
    ava('running', '--concurrency', '1', 'test/run/**/*.test.ts'),
    ava('clients', '--concurrency', '1', 'test/clients/**/*.test.ts', '!test/clients/nfs-mounted.test.ts'),
  ],
  web: [ava('web', '--concurrency', '1', 'test/web/**/*.test.ts')],
  guest: [inGuest('NFS by the kernel', { CAIRN_NFS_ENGINE: 'kernel' }, 'test/clients/nfs*.test.ts')],
  boot: [
    {
      title: 'build the image',
      command: ['timeout', '--kill-after', '1m', '10m', join(root, 'scripts/image'), 'amd64'],
      // The content is the same; it is only larger.
      env: { CAIRN_IMAGE_ZSTD: '3' },
    },
    ava('boot the image', '--timeout', '5m', 'test/image/wizard.test.ts'),
  ],
  image: [
    { title: 'build the image', command: [join(root, 'scripts/image'), 'amd64'] },
    ava('image', ...oneByOne, 'test/image/**/*.test.ts', '!test/image/{arm64,rpi}.test.ts'),
  ],
  'image-arm64': [
    { title: 'build the image for ARM', command: [join(root, 'scripts/image'), 'arm64'] },
    ava('image for ARM', ...oneByOne, 'test/image/arm64.test.ts'),
  ],
  'image-rpi': [
    { title: 'build the image for the Raspberry Pi', command: [join(root, 'scripts/image'), 'rpi'] },
    ava('image for the Raspberry Pi', ...oneByOne, 'test/image/rpi.test.ts'),
  ],
}
/** The same tests on another kernel. Without KVM that takes an hour or two: then only where it is asked for by name. */
function inGuest(title: string, env: Record<string, string>, files: string): Step {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const inside = [
    'env',
    ...settings,
    process.execPath,
    bin('ava'),
    '--tap',
    '--concurrency',
    '1',
    '--timeout',
    // Of 2,000 files, each written by a program of its own, nothing is heard until the last.
    '60m',
    files,
  ]
  const when = wanted.includes('guest') ? [] : ['--if-fast']
  return { title, command: [process.execPath, 'scripts/guest.ts', ...when, '180', ...inside], isAva: true }
}

/** Takes many minutes: only where it is asked for. */
const onlyByName = ['image', 'image-arm64', 'image-rpi']

/** Building the image and booting it takes a quarter of an hour: only for a reason. */
function isBootWorthwhile(): boolean {
  const obstacle = whyNoBoot()
  if (!hasImageChanged())
    console.log('# boot the image: nothing of it has changed since it was last seen to boot')
  else if (obstacle === null) return true
  else {
    console.log(`ok - boot the image # SKIP ${obstacle}`)
    count.skipped++
  }
  return false
}

function whyNoBoot(): string | null {
  if (process.getuid?.() !== 0) return 'only root can build one'
  if (process.arch !== 'x64') return 'needs an x86-64 machine'
  const missing = ['packer', 'mmdebstrap', 'qemu-system-x86_64'].filter(
    name => !existsSync(`/usr/bin/${name}`),
  )
  return missing.length > 0 ? `needs ${missing.join(', ')}` : null
}

interface Count {
  passed: number
  failed: number
  skipped: number
}

const unknown = wanted.find(name => !Object.hasOwn(groups, name))
if (unknown !== undefined) {
  console.error(`There is no group ${unknown}. Groups: ${Object.keys(groups).join(', ')}`)
  process.exit(2)
}
const count: Count = { passed: 0, failed: 0, skipped: 0 }
const usual = Object.keys(groups).filter(name => !onlyByName.includes(name))
for (const name of wanted.length > 0 ? wanted : usual) await performGroup(name)
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0

async function performGroup(name: string) {
  if (name === 'boot' && wanted.length === 0 && !isBootWorthwhile()) return
  const [failedBefore, inputs] = [count.failed, hashOfInputs()]
  for (const step of groups[name] ?? []) await perform(step)
  if (name === 'image' && count.failed === failedBefore) noteThatImageBoots(inputs)
}

async function perform(step: Step) {
  const startedAt = Date.now()
  const before = { ...count }
  const code = await (step.isAva ? runAva(step) : runPlain(step))
  const isOwnFault = code !== 0 && count.failed === before.failed
  if (isOwnFault) {
    count.failed++
    console.log(`# ${step.title}: exit code ${code}, and no test said why; maybe one came to no end in time`)
  } else if (!step.isAva && code === 0) count.passed++
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  console.log(
    `# ${step.title}: ${count.passed - before.passed} passed, ${count.failed - before.failed} failed, ${count.skipped - before.skipped} skipped (${seconds} s)`,
  )
}

function runPlain({ command: [program, ...args], env }: Step): Promise<number> {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  return new Promise(resolve => child.once('close', code => resolve(code ?? 1)))
}

/** TAP 13: `ok 1 - title`, `not ok 2 - title` with its diagnosis indented below, `# SKIP`. */
function runAva({ command: [program, ...args] }: Step): Promise<number> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let isFailing = false
  createInterface({ input: child.stdout }).on('line', line => {
    const result = /^(not )?ok \d+/.exec(line)
    if (result) isFailing = countLine(line, result[1] !== undefined)
    if (isFailing) console.log(line)
  })
  return new Promise(resolve => child.once('close', code => resolve(code ?? 1)))
}

function countLine(line: string, isFailure: boolean): boolean {
  if (/# SKIP/.test(line)) {
    count.skipped++
    console.log(line)
  } else if (isFailure) count.failed++
  else count.passed++
  return isFailure
}
