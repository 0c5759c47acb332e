import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, readConfig, serviceUid } from '../appliance/config.ts'
import { requireFreePort } from '../appliance/http/server.ts'
import { Failure } from '../appliance/lib/failure.ts'
import { againWish } from '../appliance/lib/launcher.ts'
import type { Started } from '../appliance/lib/lifecycle.ts'
import { createLog } from '../appliance/lib/log.ts'
import { finishReset } from '../appliance/reset/system/finishing.ts'
import { createEraser } from '../appliance/storage/system/erasing.ts'
import { createCrew } from './crew.ts'
import { holdInstance, type Instance } from './instance.ts'

/** Runs one Cairn, the agent as root and the servers as the service account, until a signal comes. */
const usage = `scripts/start [--data DIR] [--http-port N] [--smb-port N] [--nfs-port N]
              [--https-port N [--https offered|required]]
              [--practice-disks N] [--practice-size 4G] [--servers N]
              [--tuning by-hand|automatic]
              [--setup FILE | --admin NAME:PASSWORD [--pool PROFILE]]
Each option is also a variable, CAIRN_HTTP_PORT and so on. See docs/running.md.
`

/** What a process tells its launcher. */
type Said = { ready: Started } | { failed: string }

// setpriv(1): the service account, no groups, no capability, and no way back.
const asServiceAccount = [
  'setpriv',
  `--reuid=${serviceUid}`,
  `--regid=${serviceUid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
  '--no-new-privs',
]
// MiB of V8's young generation: small, since what moves bytes keeps them outside the heap until it is collected.
const youngGeneration = { agent: 1, main: 2 }
// MiB of its old one: without a limit V8 collects late where the machine has much memory. A server that takes in 100,000
// files held 420 MB so, and 235 MB with this; it needs some 100.
const oldGeneration = 256

// Threads for file work: in a server 48 may wait for an fsync (files/service/sync-queue.ts) while others read.
const fileThreads = { agent: '16', main: '64' }

const reviveDelayMs = 500
const killAfterMs = 20_000

const log = createLog('start')
const children = new Map<string, ChildProcess>()
/** Those of them that the tuning, or somebody, wants. */
const servers: Part[] = []
/** Server processes that still answer what they were asked. */
const leaving = new Set<ChildProcess>()
let agent: Part | undefined
let isStopping = false
/** All are ended, to be started again. */
let isPausing = false
let startingAgain: Promise<void> | undefined
let again: (() => Promise<void>) | undefined
let holding: Promise<Instance> | undefined

let nextServer: (() => Part) | undefined
const launched = Promise.withResolvers<void>()
const crew = createCrew({
  size: () => servers.length,
  add: async () => void (await addServer()),
  letGo: letGoOfServer,
  isStopping: () => isStopping || isPausing,
  started: launched.promise,
  log,
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop(0))

if (process.argv.includes('--help')) process.stdout.write(usage)
else {
  try {
    await launch(readConfig())
  } catch (error) {
    process.stderr.write(`cairn: ${error instanceof Error ? error.message : String(error)}\n`)
    if (!(error instanceof Failure)) log.error('start failed', { error })
    await stop(1)
  }
}

async function launch(config: Config) {
  holding = holdInstance(config)
  const instance = await holding
  const setup = unattendedSetup(config)
  const { agent: given, server } = partsOf(config, instance)
  await resetIfAsked(config)
  agent = given
  await requireFreePort(config.httpPort)
  if (config.https) await requireFreePort(config.https.port)
  nextServer = () => server(servers.length + 1)
  const started = await startAll(config, setup)
  if (setup?.file && started?.state === 'ready')
    writeFileSync(setup.file, JSON.stringify(withoutPasswords(setup.document), null, 2))
  again = async () => {
    isPausing = true
    await endAll()
    await resetIfAsked(config)
    isPausing = false
    // Without the setup that was given: who has reset a box wants its wizard.
    if (!isStopping) await startAll(config, undefined)
  }
  launched.resolve()
}

/** Says so when all are there. */
async function startAll(config: Config, setup: Setup | undefined): Promise<Started | undefined> {
  if (agent) await start(agent, setup)
  let started: Started | undefined
  for (let count = config.servers ?? 1; count > servers.length && !isStopping; )
    started = await addServer(setup)
  if (isStopping || !started) return undefined
  for (const line of [...started.lines, `${started.state} http://localhost:${config.httpPort}/`])
    process.stdout.write(`${line}\n`)
  return started
}

/** While nothing runs, and before anything opens the settings. */
async function resetIfAsked({ dataDir, poolsDir, practice, isRoot }: Config) {
  const erase = createEraser({ poolsDir, practice, isRoot, log })
  const done = await finishReset({ dataDir, poolsDir, erase })
  if (!done) return
  log.info('the settings were reset')
  for (const problem of done.problems) process.stderr.write(`cairn: ${problem}\n`)
}

function startAgain() {
  if (isStopping || startingAgain || !again) return
  startingAgain = again()
    .catch(error => {
      log.error('Cairn does not start again', { error })
      // Not awaited: it waits for this.
      void stop(1)
    })
    .finally(() => {
      startingAgain = undefined
    })
}

interface Part {
  name: string
  threads: string
  command: string[]
}

interface Parts {
  /** Undefined: the server does what can be done without root. */
  agent: Part | undefined
  server(number: number): Part
}

function partsOf(config: Config, { checkout, dataDir }: Instance): Parts {
  const given = [
    ...withoutOptions(process.argv.slice(2), [
      '--data',
      '--setup',
      '--admin',
      '--pool',
      '--web-root',
      '--agent',
      '--launched',
      '--instance',
    ]),
    '--data',
    dataDir,
    '--launched',
    'yes',
  ]
  const settled = ['--agent', config.agent, '--web-root', join(checkout, 'dist/web')]
  const program = (name: 'agent' | 'main') => [
    process.execPath,
    `--max-semi-space-size=${youngGeneration[name]}`,
    `--max-old-space-size=${oldGeneration}`,
    fileOf(config, checkout, name),
    ...given,
    ...settled,
  ]
  const isApart = config.agent === 'socket'
  return {
    agent: isApart ? { name: 'agent', threads: fileThreads.agent, command: program('agent') } : undefined,
    server: number => ({
      name: `server ${number}`,
      threads: fileThreads.main,
      command: [
        ...(config.isRoot ? asServiceAccount : []),
        ...program('main'),
        '--instance',
        String(number - 1),
      ],
    }),
  }
}

async function addServer(setup?: Setup): Promise<Started | undefined> {
  const part = nextServer?.()
  if (!part) return undefined
  servers.push(part)
  try {
    return await start(part, setup)
  } catch (error) {
    servers.splice(servers.indexOf(part), 1)
    children.get(part.name)?.kill('SIGKILL')
    throw error
  }
}

/** The last one is not started again, and answers what it was asked. */
function letGoOfServer(): ChildProcess | undefined {
  const part = servers.pop()
  const child = part && children.get(part.name)
  if (!child) return undefined
  children.delete(part.name)
  leaving.add(child)
  return child
}

function fileOf({ run }: Config, checkout: string, name: string): string {
  return run === 'bundle'
    ? join(checkout, 'dist/daemon', `${name}.js`)
    : join(checkout, 'appliance', `${name}.ts`)
}

/** Ends when the part is ready; from then on it is started again whenever it dies. */
function start(part: Part, setup: Setup | undefined): Promise<Started | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawnPart(part)
    let isReady = false
    child.on('message', (said: Said | object) => {
      if (part !== agent) crew.hear(child, said)
      if (againWish.safeParse(said).success) return startAgain()
      if ('failed' in said) return reject(new Failure('unavailable', 'start/failed', said.failed))
      if (!('ready' in said)) return // Node's own, while it watches the sources
      isReady = true
      resolve(said.ready)
    })
    child.once('exit', (code, signal) => {
      if (children.get(part.name) === child) children.delete(part.name)
      if (isStopping || isPausing || leaving.delete(child)) return resolve(undefined)
      if (!isReady)
        return reject(
          new Failure(
            'unavailable',
            'start/failed',
            `The ${part.name} ended (${signal ?? code}) before it was ready.`,
          ),
        )
      revive(part)
    })
    child.once('error', reject)
    child.send({ setup: setup?.document ?? null })
  })
}

function revive(part: Part) {
  log.warn(`the ${part.name} ended and is started again`)
  setTimeout(() => {
    if (isStopping || isPausing || !isWanted(part)) return
    start(part, undefined).catch(error => {
      log.error(`the ${part.name} does not come back`, { error })
      children.get(part.name)?.kill('SIGKILL')
      if (!isStopping && isWanted(part)) revive(part)
    })
  }, reviveDelayMs)
}

function isWanted(part: Part): boolean {
  return part === agent || servers.includes(part)
}

/** In a process group of its own, so that Ctrl+C reaches only the launcher, which then stops all in order. */
function spawnPart({ name, threads, command }: Part): ChildProcess {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    cwd: '/',
    env: { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? threads },
  })
  children.set(name, child)
  return child
}

/** The servers first, so that requests under way still find the agent; then the agent, which unmounts. */
async function endAll() {
  servers.splice(0)
  const running = [...children].filter(([name]) => name !== agent?.name).map(([, child]) => child)
  await Promise.all([...running, ...leaving].map(end))
  await endAgent()
}

async function stop(code: number) {
  if (isStopping) return
  isStopping = true
  await startingAgain
  await endAll()
  const instance = await holding?.catch(nothingHeld)
  await instance?.release()
  process.exit(code)
}

/** It has undone itself what it had made, and why has been said. */
function nothingHeld(): undefined {
  return undefined
}

/** One that died a moment ago is started once more: nobody else unmounts. */
async function endAgent() {
  if (agent && !children.has(agent.name)) {
    await start(agent, undefined).catch(error => log.error('the agent does not come back', { error }))
  }
  const child = agent && children.get(agent.name)
  if (child) await end(child)
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  await exited
  clearTimeout(force)
}

interface Setup {
  document: unknown
  file: string | null
}

function unattendedSetup({ unattended: { file, admin, poolProfile } }: Config): Setup | undefined {
  if (file !== null) return { document: { kind: 'document', document: readSetupFile(file) }, file }
  if (admin !== null) return { document: { kind: 'short', admin, profile: poolProfile }, file: null }
  return undefined
}

function readSetupFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('invalid', 'config/setup-file', `The setup file ${file} cannot be read: ${reason}`, {
      cause: error,
    })
  }
}

function withoutPasswords(value: unknown): unknown {
  const document = (value as { document?: unknown }).document
  return JSON.parse(JSON.stringify(document, (key, inner: unknown) => (key === 'password' ? '' : inner)))
}

function withoutOptions(argv: string[], names: string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? ''
    if (names.includes(argument)) index++
    else if (!names.some(name => argument.startsWith(`${name}=`))) kept.push(argument)
  }
  return kept
}
