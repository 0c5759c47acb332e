import { z } from 'zod'
import { everyone } from './plan/nfs-clients.ts'

/** What somebody may do with a share. */
export const right = z.enum(['none', 'read', 'write'])
export type Right = z.infer<typeof right>

/** Good for SMB, a URL and every file system. Never a `%`: smbd would substitute it. */
export const shareName = z
  .string()
  .min(1, 'Enter a name.')
  .max(64, 'At most 64 characters.')
  .regex(
    /^[\p{L}\p{N}_][\p{L}\p{N}\p{M} ._-]*$/u,
    'Use letters, digits, spaces and . _ -, beginning with a letter or digit.',
  )
  .refine(name => !/[. ]$/.test(name), 'A name cannot end with a dot or a space.')
  .refine(name => name === name.normalize('NFC'), 'Use composed characters (Unicode NFC).')

const subject = z.string().min(1).max(64)
const rights = z.record(subject, right)

export const newShare = z.strictObject({
  name: shareName,
  pool: z.string().min(1).max(64),
  everyone: right.default('none').describe('What every account may do.'),
})
export type NewShare = z.input<typeof newShare>

export const grants = z.strictObject({
  users: rights.default({}),
  groups: rights.default({}),
  everyone: right.optional().describe('Absent: as it was.'),
})
export type Grants = z.input<typeof grants>

export const shareChange = z.strictObject({ everyone: right.optional() })
export const confirmation = z.strictObject({ confirm: z.string().describe('The name, typed again.') })

export const addresses = z.object({
  windows: z.string(),
  macos: z.string(),
  linux: z.string(),
  webdav: z.string(),
})

/** `everyone`, `users` and `groups` are shown to administrators only. */
export const share = z.object({
  name: z.string(),
  pool: z.string(),
  createdAt: z.iso.datetime(),
  right: right.describe('What the caller may do.'),
  isAvailable: z.boolean().describe('False while its pool is away.'),
  isReadOnly: z.boolean().describe('Its pool cannot be written.'),
  everyone: right.optional(),
  users: rights.optional(),
  groups: rights.optional(),
  addresses,
})
export type Share = z.infer<typeof share>

export const home = z.object({
  user: z.string(),
  pool: z.string(),
  isOrphan: z.boolean().describe('Left by an account that was deleted.'),
})
export type Home = z.infer<typeof home>

/** A subvolume as one actor sees it; what every face asks for. */
export interface Volume {
  kind: 'home' | 'share'
  name: string
  pool: string
  /** Absolute path of the subvolume's folder. */
  path: string
  right: 'read' | 'write'
  /** False: the pool is away, and everything in it answers `unavailable`. */
  isAvailable: boolean
  /** The pool cannot be written. */
  isReadOnly: boolean
}

const accountName = z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}$/)
const names = z.array(accountName).max(10_000)
const poolName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)

const algorithms = (one: RegExp) =>
  z
    .string()
    .max(100)
    .refine(list => list.split(',').every(each => one.test(each)))

/** What the tuning has Samba do otherwise than by itself; what is left out is Samba's own. */
export const smbTuning = z.strictObject({
  multichannel: z.enum(['yes', 'no']).optional(),
  signing: algorithms(/^(AES-128-GMAC|AES-128-CMAC|HMAC-SHA256)$/).optional(),
  encryption: algorithms(/^AES-(128|256)-(GCM|CCM)$/).optional(),
  async: z.enum(['yes', 'no']).optional(),
})
export type SmbTuning = z.infer<typeof smbTuning>

/** What Samba is to serve; the agent renders its files from this and from nothing else. */
export const smbIntent = z.strictObject({
  hostName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/),
  accounts: z
    .array(
      z.strictObject({
        name: accountName,
        number: z.number().int().min(1).max(1_000_000),
        displayName: z
          .string()
          .max(100)
          .regex(/^[^\p{Cc}:]*$/u),
        ntHash: z.string().regex(/^[0-9A-F]{32}$/),
      }),
    )
    .max(10_000),
  exports: z
    .array(
      z.strictObject({
        kind: z.enum(['shares', 'homes']),
        name: shareName,
        pool: poolName,
        isAvailable: z.boolean(),
        readers: names,
        writers: names,
      }),
    )
    .max(10_000),
  tuning: smbTuning.optional(),
})
export type SmbIntent = z.infer<typeof smbIntent>
export type SmbExport = SmbIntent['exports'][number]
export type SmbAccount = SmbIntent['accounts'][number]

/** How smbd is; `problem` says in words why it is not running, or runs on an older configuration. */
export const smbStatus = z.object({
  isRunning: z.boolean(),
  restarts: z.number().int(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type SmbStatus = z.infer<typeof smbStatus>

export const pids = z.array(z.number().int().min(1).max(4_194_304)).max(1_000)

/** Who is behind a process that changed a file. */
export const writer = z.object({
  pid: z.number().int(),
  face: z
    .enum(['smb', 'nfs', 'server', 'box'])
    .describe('`server`: one of our own processes; `box`: any other program of the box.'),
  user: z
    .string()
    .nullable()
    .describe('Who signed in over SMB, or the account of the box that the process ran as; null: unknown.'),
  address: z.string().nullable(),
  machine: z.string().nullable().describe('What the SMB client calls itself, which it is free to invent.'),
})
export type Writer = z.infer<typeof writer>

const longestClient = 300
const mostClients = 64

export const nfsChange = z.strictObject({
  enabled: z.boolean().default(true),
  clients: z
    .array(z.string().max(longestClient, `At most ${longestClient} characters.`))
    .max(mostClients, `At most ${mostClients} clients.`)
    .describe('Addresses, networks (192.168.1.0/24, fd00::/64) and host names that are trusted with it.'),
  access: z.enum(['read', 'write']).default('read'),
  snapshots: z.boolean().default(false).describe('Also each snapshot, to be read at `/.snapshots/NAME`.'),
  confirm: z
    .string()
    .max(64)
    .optional()
    .describe(`\`${everyone}\`, where \`*\`, \`0.0.0.0/0\` or \`::/0\` is among the clients.`),
})
export type NfsChange = z.input<typeof nfsChange>

export const nfsSettings = z.object({
  enabled: z.boolean(),
  clients: z.array(z.string()),
  access: z.enum(['read', 'write']),
  snapshots: z.boolean(),
  path: z.string().describe('How NFS clients call it.'),
  mounts: z.object({ linux: z.string(), macos: z.string() }).describe('What to type to mount it.'),
  unknownNames: z.array(z.string()).describe('Host names that nobody knows: they have no access yet.'),
  problem: z.string().nullable().describe('Why it is not served.'),
})
export type NfsSettings = z.infer<typeof nfsSettings>

/** Numbers of exports: ganesha keeps one in 16 bits, and those above are for snapshots. */
export const lastNfsNumber = 32_767
export const mostNfsExports = 1_000

/** What is to be exported by NFS; the agent renders from this and from nothing else. */
export const nfsIntent = z.strictObject({
  exports: z
    .array(
      z.strictObject({
        number: z.number().int().min(1).max(lastNfsNumber),
        kind: z.enum(['shares', 'homes']),
        name: shareName,
        pool: poolName,
        access: z.enum(['read', 'write']),
        clients: z.array(z.string().max(longestClient)).max(mostClients),
        hasSnapshots: z.boolean(),
      }),
    )
    .max(mostNfsExports),
  threads: z.number().int().min(1).max(1_000).optional().describe('Left out: as many as the server likes.'),
})
export type NfsIntent = z.infer<typeof nfsIntent>
export type NfsExport = NfsIntent['exports'][number]

/** How the NFS server is; without exports it does not run. */
export const nfsStatus = z.object({
  engine: z
    .enum(['kernel', 'ganesha'])
    .nullable()
    .describe('Which NFS server serves; null: nothing is to be served.'),
  isWanted: z.boolean(),
  isRunning: z.boolean(),
  restarts: z.number().int(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  unknownNames: z.array(z.string()),
  failed: z
    .array(
      z.object({
        kind: z.enum(['shares', 'homes']),
        name: z.string(),
        isRefused: z.boolean().describe('The server does not take what was set.'),
        message: z.string(),
      }),
    )
    .describe('What should be served and is not.'),
  connected: z.array(z.string()).describe('Addresses of the clients that are connected.'),
})
export type NfsStatus = z.infer<typeof nfsStatus>
