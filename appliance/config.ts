import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Failure } from './lib/failure.ts'
import { serviceUid } from './lib/service-account.ts'

export { serviceUid }

const sizeUnits: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }
const sizeText = z
  .string()
  .regex(/^\d+[KMGT]$/, 'a size like 4G')
  .transform(text => Number(text.slice(0, -1)) * (sizeUnits[text.slice(-1)] ?? 1))
const whole = (least: number, most: number) => {
  const wanted = `a whole number from ${least} to ${most}`
  return z.coerce.number(wanted).int(wanted).min(least, wanted).max(most, wanted)
}
const port = whole(1, 65_535)

const options = z.object({
  data: z.string().min(1).default('.cairn'),
  httpPort: port.default(8080),
  httpsPort: port.optional(),
  https: z.enum(['offered', 'required']).default('offered'),
  smbPort: port.default(4450),
  nfsPort: port.default(12049),
  nfsMountPort: port.optional(),
  nfsEngine: z.enum(['auto', 'kernel', 'ganesha']).default('auto'),
  practiceDisks: whole(0, 24).default(3),
  practiceSize: sizeText.default(4 * 1024 ** 3),
  setup: z.string().optional(),
  admin: z
    .string()
    .regex(/^[^:]+:.+$/, 'NAME:PASSWORD')
    .optional(),
  pool: z.string().optional(),
  servers: whole(1, 64).optional(),
  webRoot: z.string().optional(),
  agent: z.enum(['socket', 'here']).optional(),
  run: z.enum(['bundle', 'sources']).default('bundle'),
  pools: z.string().min(1).optional(),
  bootFolder: z.string().min(1).optional(),
  updatesFrom: z.string().default(''),
  launched: z.enum(['yes', 'no']).default('no'),
  instance: whole(0, 63).default(0),
  tuning: z.enum(['by-hand', 'automatic']).default('by-hand'),
})

const optionNames = {
  data: 'data',
  'http-port': 'httpPort',
  'https-port': 'httpsPort',
  https: 'https',
  'smb-port': 'smbPort',
  'nfs-port': 'nfsPort',
  'nfs-mount-port': 'nfsMountPort',
  'nfs-engine': 'nfsEngine',
  'practice-disks': 'practiceDisks',
  'practice-size': 'practiceSize',
  setup: 'setup',
  admin: 'admin',
  pool: 'pool',
  servers: 'servers',
  'web-root': 'webRoot',
  agent: 'agent',
  run: 'run',
  pools: 'pools',
  'boot-folder': 'bootFolder',
  'updates-from': 'updatesFrom',
  launched: 'launched',
  instance: 'instance',
  tuning: 'tuning',
} as const

export interface Config {
  dataDir: string
  /** Sockets and pid files: a short path, since a Unix socket's path ends at 107 bytes. */
  runDir: string
  agentSocket: string
  databasePath: string
  poolsDir: string
  practice: { folder: string; count: number; sizeBytes: number }
  samba: { folder: string; port: number }
  httpPort: number
  /** Only where a port is given. `isRequired`: HTTP leads there, but for the wizard. */
  https: { port: number; isRequired: boolean } | null
  /** `mountPort`: where NFS version 3, which is served only with this, has its MOUNT program. */
  nfs: { folder: string; port: number; mountPort: number | null; engine: 'auto' | 'kernel' | 'ganesha' }
  /** Null: one to begin with, and then as many as the tuning says. */
  servers: number | null
  /** `isAutomatic`: the plan is applied without being asked for, until somebody switches that off in the page. */
  tuning: { isAutomatic: boolean }
  /** The built pages. */
  webRoot: string
  isRoot: boolean
  /** Whether root is asked over the socket, or this very process does what it can. */
  agent: 'socket' | 'here'
  /** What the launcher runs: the bundle in `dist/daemon`, or the sources (while developing). */
  run: 'bundle' | 'sources'
  /** Whether `scripts/launch.ts` is the parent, and hands the setup over; on the image the parents are others. */
  isLaunched: boolean
  /** Which of the server processes this is: what only one of them may do, the first does. */
  instance: number
  /** The partition of the image that any computer can read, where the setup file is found; null where there is none. */
  bootFolder: string | null
  /** Where the image says that updates come from; empty: it knows no such place. */
  updatesFrom: string
  serviceManager: ServiceManager | null
  unattended: {
    file: string | null
    admin: { name: string; password: string } | null
    poolProfile: string | null
  }
}

/** systemd, where it has started this process and wants to hear from it (sd_notify(3)). */
export interface ServiceManager {
  socket: string
  /** How long it waits for a sign of life; null: for ever. */
  watchdogMs: number | null
}

/** The only reader of argv and the environment: `--http-port N` or `CAIRN_HTTP_PORT`. */
export function readConfig(
  argv: readonly string[] = ownArguments(),
  env: NodeJS.ProcessEnv = process.env,
): Config {
  const parsed = options.safeParse({ ...fromEnvironment(env), ...fromArguments(argv) })
  if (!parsed.success) throw notUnderstood(parsed.error.issues.map(inWords).join('; '), parsed.error)
  const given = parsed.data
  const dataDir = resolve(given.data)
  const isRoot = process.getuid?.() === 0
  const runDir = join(
    isRoot || process.getuid?.() === serviceUid
      ? '/run/cairn'
      : join(tmpdir(), `cairn-${process.getuid?.()}`),
    shortName(dataDir),
  )
  return {
    dataDir,
    runDir,
    agentSocket: join(runDir, 'agent.sock'),
    databasePath: join(dataDir, 'cairn.db'),
    poolsDir: given.pools ? resolve(given.pools) : join(dataDir, 'pools'),
    practice: { folder: join(dataDir, 'disks'), count: given.practiceDisks, sizeBytes: given.practiceSize },
    samba: { folder: join(dataDir, 'samba'), port: given.smbPort },
    httpPort: given.httpPort,
    https:
      given.httpsPort === undefined
        ? null
        : { port: given.httpsPort, isRequired: given.https === 'required' },
    nfs: {
      folder: join(dataDir, 'nfs'),
      port: given.nfsPort,
      mountPort: given.nfsMountPort ?? null,
      engine: given.nfsEngine,
    },
    servers: given.servers ?? null,
    tuning: { isAutomatic: given.tuning === 'automatic' },
    webRoot: resolve(given.webRoot ?? join(import.meta.dirname, '..', 'dist', 'web')),
    isRoot,
    agent: given.agent ?? (isRoot ? 'socket' : 'here'),
    run: given.run,
    isLaunched: given.launched === 'yes',
    instance: given.instance,
    bootFolder: given.bootFolder ? resolve(given.bootFolder) : null,
    updatesFrom: given.updatesFrom,
    serviceManager: serviceManagerOf(env),
    unattended: {
      file: given.setup ? resolve(given.setup) : null,
      admin: adminOf(given.admin),
      poolProfile: given.pool ?? null,
    },
  }
}

/** In its cluster mode pm2 leaves its own arguments where ours would be: there all settings are variables. */
function ownArguments(): string[] {
  return process.env.pm_id === undefined ? process.argv.slice(2) : []
}

function fromArguments(argv: readonly string[]): Record<string, string> {
  try {
    const spec = Object.fromEntries(Object.keys(optionNames).map(name => [name, { type: 'string' as const }]))
    const { values } = parseArgs({ args: [...argv], options: spec, strict: true })
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        optionNames[name as keyof typeof optionNames],
        String(value),
      ]),
    )
  } catch (error) {
    // The first line says what is wrong; the others are for who writes programs.
    throw notUnderstood(String(error instanceof Error ? error.message.split('\n')[0] : error), error)
  }
}

function inWords({ path, message }: z.core.$ZodIssue): string {
  const name = Object.entries(optionNames).find(([, key]) => key === path[0])?.[0]
  return `--${name} takes ${message}`
}

function notUnderstood(problem: string, cause: unknown): Failure {
  const message = `${problem.replace(/\.$/, '')}. Nothing was started; scripts/start --help lists the options.`
  return new Failure('invalid', 'config/invalid', message, { cause })
}

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const found = Object.entries(optionNames).map(([name, key]) => [
    key,
    env[`CAIRN_${name.toUpperCase().replaceAll('-', '_')}`],
  ])
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}

function serviceManagerOf({ NOTIFY_SOCKET, WATCHDOG_USEC }: NodeJS.ProcessEnv): ServiceManager | null {
  if (!NOTIFY_SOCKET) return null
  return { socket: NOTIFY_SOCKET, watchdogMs: WATCHDOG_USEC ? Number(WATCHDOG_USEC) / 1000 : null }
}

function adminOf(text: string | undefined) {
  if (text === undefined) return null
  const colon = text.indexOf(':')
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function shortName(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
}
