import { clientForServer } from '../parse/nfs-client.ts'
import type { ServedExport } from './served-export.ts'

export interface GaneshaPlaces {
  port: number
  /** Also version 3, whose MOUNT program listens here: for clients that cannot do without. */
  mountPort: number | null
  /** Remembers the clients between restarts. */
  recovery: string
  uid: number
  /** How many requests it works on at once; left out: as many as it likes. */
  threads?: number | undefined
}

/** A client's attributes may not be older than this: what another face changes shows at once. */
const settings = [
  // Without sections of a directory in memory, or what others put into it stays unseen for minutes. What it has open for
  // itself after a COMMIT is closed within seconds: until then nobody could replace it.
  'MDCACHE { Dir_Chunk = 0; Use_Getattr_Directory_Invalidation = true; LRU_Run_Interval = 2; FD_LWMark_Percent = 0; Entries_HWMark = 20000; }',
  'EXPORT_DEFAULTS { Attr_Expiration_Time = 0; SecType = sys; }',
  'NFS_KRB5 { Active_krb5 = false; }',
  'LOG { Default_Log_Level = EVENT; }',
]

/** ganesha-config(8), whole, from what was decided. Without clients nobody gets in: that is an export's default here. */
export function renderGaneshaConf(exports: readonly ServedExport[], places: GaneshaPlaces): string {
  return [
    '# Rendered by Cairn from its settings; changes made here are overwritten.',
    coreSection(places),
    versionSection(places),
    ...settings,
    ...exports.map(each => exportSection(each, places)),
    '',
  ].join('\n')
}

function coreSection({ port, mountPort, threads }: GaneshaPlaces): string {
  return section('NFS_CORE_PARAM', [
    ['NFS_Port', String(port)],
    ['Protocols', mountPort === null ? '4' : '3, 4'],
    ...(mountPort === null ? [] : ([['MNT_Port', String(mountPort)]] as const)),
    ['Enable_NLM', 'false'],
    ['Enable_RQUOTA', 'false'],
    ['Enable_UDP', 'false'],
    ...(threads === undefined ? [] : ([['RPC_Ioq_ThrdMax', String(threads)]] as const)),
  ])
}

function versionSection({ recovery }: GaneshaPlaces): string {
  return section('NFSV4', [
    ['Minor_Versions', '0, 1, 2'],
    // How long clients wait at most after a restart that cut them.
    ['Grace_Period', '20'],
    ['Lease_Lifetime', '20'],
    ['RecoveryBackend', 'fs'],
    ['RecoveryRoot', quoted(recovery)],
    ['Delegations', 'false'],
    ['Only_Numeric_Owners', 'true'],
  ])
}

function exportSection(each: ServedExport, { uid, mountPort }: GaneshaPlaces): string {
  const { number, path, pseudo, access, clients } = each
  const lines: [string, string][] = [
    ['Export_Id', String(number)],
    ['Path', quoted(path)],
    ['Pseudo', quoted(pseudo)],
    ['Access_Type', 'NONE'],
    ['Protocols', mountPort === null ? '4' : '3, 4'],
    ['Transports', 'TCP'],
    // Whoever it is on the client: all files belong to the service account.
    ['Squash', 'all_squash'],
    ['Anonymous_Uid', String(uid)],
    ['Anonymous_Gid', String(uid)],
    ['Disable_ACL', 'true'],
    ['Attr_Expiration_Time', '0'],
  ]
  const client = section('CLIENT', [
    ['Clients', clients.flatMap(clientForServer).join(', ')],
    ['Access_Type', access === 'write' ? 'RW' : 'RO'],
  ])
  return section('EXPORT', lines, [
    section('FSAL', [['Name', 'VFS']]),
    ...(clients.length > 0 ? [client] : []),
  ])
}

function section(
  name: string,
  settings: readonly (readonly [key: string, value: string])[],
  inner: readonly string[] = [],
): string {
  const lines = settings.map(([key, value]) => `\t${key} = ${value};`)
  return [`${name} {`, ...lines, ...inner.map(each => each.replace(/^/gm, '\t')), '}'].join('\n')
}

/** Names and paths were checked: they have no quote, no backslash, no line end. */
function quoted(text: string): string {
  if (/["\\\n]/.test(text))
    throw new Error(`${JSON.stringify(text)} cannot be written into ganesha's configuration`)
  return `"${text}"`
}

/** The number of the export in whose lines this one is, of a rendered configuration. */
export function exportAtLine(conf: string, line: number): number | undefined {
  const before = conf.split('\n').slice(0, line)
  const start = before.findLastIndex(text => text.startsWith('EXPORT {'))
  if (start < 0) return undefined
  const found = conf
    .split('\n')
    .slice(start)
    .map(text => /^\tExport_Id = (\d+);$/.exec(text)?.[1])
    .find(number => number !== undefined)
  return found === undefined ? undefined : Number(found)
}
