import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, rmdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'

export const checkout = join(import.meta.dirname, '..', '..')
/** What users run: `scripts/test` has built it. */
const launcher = 'dist/daemon/launch.js'
export const admin = { name: 'admin', password: 'Correct-horse-7' }

export interface Cairn {
  url: string
  httpPort: number
  smbPort: number
  nfsPort: number
  dataDir: string
  /** What the launcher printed, line by line. */
  lines: string[]
  /** What all its processes have logged. */
  complaints: string[]
  pid: number
  /** Ends it as `kill` would, and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** The processes of one part: `agent.js`, `main.js`. */
  pids(program: string): number[]
  /** REST below /api/v1, as the administrator unless told otherwise. */
  api(
    method: string,
    path: string,
    body?: unknown,
    user?: { name: string; password: string } | null,
  ): Promise<ApiAnswer>
}

export interface ApiAnswer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into many shapes, and fail where one is wrong
  body: any
}

export interface CairnOptions {
  /** Goes on with the data of an earlier one. */
  dataDir?: string
  httpPort?: number
  smbPort?: number
  nfsPort?: number
  args?: string[]
  /** Lines before the one that says ready or recovery make it fail after this. */
  waitFor?: RegExp
  env?: Record<string, string>
  /** Runs it as this user instead of root. */
  uid?: number
  /** Another place of the checkout, which that user can reach. */
  checkout?: string
}

/** The short form: claimed, with a pool over three practice disks and the share `shared`. */
export const claimed = [
  '--admin',
  `${admin.name}:${admin.password}`,
  '--pool',
  'raid1',
  '--practice-disks',
  '3',
  '--practice-size',
  '1G',
]

/** A real Cairn on free ports, ended and cleaned up with the test. */
export async function startCairn(t: ExecutionContext, options: CairnOptions = {}): Promise<Cairn> {
  const dataDir = options.dataDir ?? (await dataFolder(t))
  const httpPort = options.httpPort ?? (await freePort())
  const smbPort = options.smbPort ?? (await freePort())
  const nfsPort = options.nfsPort ?? (await freePort())
  const numbers = { http: httpPort, smb: smbPort, nfs: nfsPort }
  const ports = Object.entries(numbers).flatMap(([face, port]) => [`--${face}-port`, String(port)])
  const child = spawn(
    nodeIn(options.checkout),
    [join(options.checkout ?? checkout, launcher), '--data', dataDir, ...ports, ...(options.args ?? [])],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      env: { ...process.env, ...options.env },
    },
  )
  const gone = once(child, 'exit')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  t.teardown(() => stop())
  const complaints: string[] = []
  const lines = await linesUntil(child, complaints, options.waitFor ?? /^ready http/)
  const url = `http://127.0.0.1:${httpPort}`
  return {
    url,
    httpPort,
    smbPort,
    nfsPort,
    dataDir,
    lines,
    complaints,
    pid: child.pid ?? 0,
    stop,
    pids: program =>
      childrenOf(child.pid ?? 0).filter(pid => commandOf(pid).some(part => part.endsWith(`/${program}`))),
    api: (method, path, body, user = admin) => callApi({ url, method, path, body, user }),
  }
}

/** Node may lie inside the checkout, and so where that user cannot reach it. */
function nodeIn(place = checkout): string {
  return process.execPath.replace(checkout, place)
}

/** For who is not root: a checkout may lie where only its owner comes to. */
export async function reachableCheckout(t: ExecutionContext): Promise<string> {
  const run = promisify(execFile)
  const place = await mkdtemp('/var/tmp/cairn-test-')
  await chmod(place, 0o755)
  await run('mount', ['--bind', checkout, place])
  t.teardown(async () => {
    await run('umount', [place])
    await rmdir(place)
  })
  return place
}

/** On a real disk: practice disks are larger than a memory file system may be. */
export async function dataFolder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp('/var/tmp/cairn-test-')
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

async function linesUntil(child: ChildProcess, complaints: string[], wanted: RegExp): Promise<string[]> {
  const lines: string[] = []
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('no output')
  createInterface({ input: stderr }).on('line', line => complaints.push(line))
  const output = createInterface({ input: stdout })
  return new Promise((resolve, reject) => {
    output.on('line', line => {
      lines.push(line)
      if (wanted.test(line)) resolve(lines)
    })
    child.once('error', reject)
    child.once('exit', code => reject(new StartError(code, complaints)))
  })
}

export class StartError extends Error {
  readonly exitCode: number | null
  constructor(exitCode: number | null, complaints: string[]) {
    super(complaints.slice(-20).join('\n'))
    this.exitCode = exitCode
  }
}

export async function callApi(call: {
  url: string
  method: string
  path: string
  body: unknown
  user: { name: string; password: string } | null
}) {
  const { url, method, path, body, user } = call
  const headers = new Headers()
  if (user) headers.set('authorization', basic(user))
  if (body !== undefined) headers.set('content-type', 'application/json')
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

export function basic({ name, password }: { name: string; password: string }): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

/** What smbclient says to the commands, as the administrator; rejects with `stdout` and `stderr` where it fails. */
export async function smb(
  cairn: Pick<Cairn, 'smbPort'>,
  share: string,
  ...commands: string[]
): Promise<string> {
  const args = ['-p', String(cairn.smbPort), `//127.0.0.1/${share}`, '-U', `${admin.name}%${admin.password}`]
  const { stdout, stderr } = await promisify(execFile)('smbclient', [...args, '-c', commands.join('; ')])
  return stdout + stderr
}

/** The same where a refusal is an answer too. */
export async function smbAnyway(cairn: Cairn, share: string, ...commands: string[]): Promise<string> {
  return smb(cairn, share, ...commands).catch(
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  )
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

export function commandOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
}

/** On a machine that is emulated everything takes many times as long (guest.ts). */
const patience = Number(process.env.CAIRN_TEST_PATIENCE ?? 1)

/** Waits until `isTrue`, asking again after each of its own awaits; fails the test after `withinMs`. */
export async function eventually(isTrue: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs * patience
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not true within ${withinMs * patience} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
