import type { SmbExport, SmbIntent, SmbTuning } from '../schema.ts'
import { sessionNoteCommand } from './session-note.ts'

export interface SmbPlaces {
  /** Samba's own folders: private, lock, state, cache, pid, ncalrpc, log, and its configuration in etc. */
  folder: string
  /** The program that notes who connects and leaves. */
  sessionNote: string
  poolsDir: string
  port: number
}

/** The account on whose behalf every file is read and written, whoever signed in. */
export const serviceAccount = 'cairn-service'

/** smb.conf(5), whole, from what was decided. */
export function renderSmbConf(intent: SmbIntent, places: SmbPlaces): string {
  const sections = [globalSection(intent, places), ...intent.exports.map(each => exportSection(each, places))]
  return `# Rendered by Cairn from its settings; changes made here are overwritten.\n${sections.join('\n')}`
}

function globalSection({ hostName, tuning = {} }: SmbIntent, { folder, port }: SmbPlaces): string {
  return section('global', [
    ['server string', hostName],
    ['netbios name', hostName.slice(0, 15).toUpperCase()],
    ['workgroup', 'WORKGROUP'],
    ['server role', 'standalone server'],
    ['smb ports', String(port)],
    ['bind interfaces only', 'no'],
    ['disable netbios', 'yes'],
    ['multicast dns register', 'no'],
    ['dns proxy', 'no'],

    ['server min protocol', 'SMB2_10'],
    ['server signing', 'auto'],
    ...tunedLines(tuning),
    ['ntlm auth', 'ntlmv2-only'],
    ['map to guest', 'never'],
    ['restrict anonymous', '2'],
    ['unix password sync', 'no'],
    ['passdb backend', `smbpasswd:${folder}/etc/smbpasswd`],

    ['private dir', `${folder}/private`],
    ['lock directory', `${folder}/lock`],
    ['state directory', `${folder}/state`],
    ['cache directory', `${folder}/cache`],
    ['pid directory', `${folder}/pid`],
    ['ncalrpc dir', `${folder}/ncalrpc`],
    ['log file', `${folder}/log/log.smbd`],
    ['max log size', '1000'],
    // A line per question about free space would fill the log: Btrfs subvolumes have no device path.
    ['log level', '1 quota:-1'],

    // Never used without winbind; without a range every connection logs that there is none.
    ['idmap config * : backend', 'tdb'],
    ['idmap config * : range', '27800000-27899999'],

    ['load printers', 'no'],
    ['printing', 'bsd'],
    ['printcap name', '/dev/null'],
    ['disable spoolss', 'yes'],
    ['usershare max shares', '0'],
    // Started for a client that lists the shares.
    ['rpc start on demand helpers', 'yes'],
    ['enable core files', 'no'],
    ['unix charset', 'UTF-8'],
    ['unix extensions', 'no'],
    ['deadtime', '30'],

    ['access based share enum', 'yes'],
    ['guest ok', 'no'],
    ['follow symlinks', 'no'],
    ['wide links', 'no'],
    ['veto files', '/.cairn/'],
    ['delete veto files', 'no'],
    // Extended attributes hold our ids: no client may set them. Streams and DOS attributes work regardless.
    ['ea support', 'no'],
    ['store dos attributes', 'yes'],
    ['map archive', 'no'],
    ['map hidden', 'no'],
    ['map system', 'no'],
    ['map readonly', 'no'],
    ['create mask', '0640'],
    ['force create mode', '0600'],
    ['directory mask', '0750'],
    ['force directory mode', '0700'],

    ['vfs objects', 'catia fruit streams_xattr'],
    ['fruit:metadata', 'stream'],
    ['fruit:encoding', 'native'],
    ['fruit:posix_rename', 'yes'],
    ['fruit:zero_file_id', 'yes'],
    ['fruit:nfs_aces', 'no'],
    ['fruit:wipe_intentionally_left_blank_rfork', 'yes'],
    ['fruit:delete_empty_adfiles', 'yes'],
  ])
}

/** An empty value is left out, and Samba does as it does by itself. */
function tunedLines({ multichannel, signing, encryption, async }: SmbTuning): [key: string, value: string][] {
  const bytes = async === undefined ? '' : async === 'yes' ? '1' : '0'
  return [
    ['server multi channel support', multichannel ?? ''],
    ['server smb3 signing algorithms', (signing ?? '').replaceAll(',', ', ')],
    ['server smb3 encryption algorithms', (encryption ?? '').replaceAll(',', ', ')],
    // Reads and writes of this many bytes or more are done beside others; 0: never.
    ['aio read size', bytes],
    ['aio write size', bytes],
  ]
}

function exportSection(each: SmbExport, { poolsDir, sessionNote }: SmbPlaces): string {
  const { kind, name, pool, readers, writers } = each
  const path = `${poolsDir}/${pool}/${kind}/${name}`
  const allowed = [...readers, ...writers].sort()
  return section(name, [
    ['path', path],
    ['comment', kind === 'homes' ? 'Home' : ''],
    // An empty list of valid users would mean everybody. And an absent pool must not look like an empty folder.
    ['available', each.isAvailable && allowed.length > 0 ? 'yes' : 'no'],
    ['valid users', allowed.join(' ')],
    ['read only', 'yes'],
    ['read list', readers.join(' ')],
    ['write list', writers.join(' ')],
    // Not in [global]: IPC$ would take it too, and the list of shares be made for the service account.
    ['force user', serviceAccount],
    ['force group', serviceAccount],
    // Whose process it is that writes: known before the first operation.
    ['root preexec', sessionNoteCommand(sessionNote, '+')],
    ['root postexec', sessionNoteCommand(sessionNote, '-')],
    // recycle last: above streams_xattr it keeps a stream from being deleted alone, and says nothing.
    ['vfs objects', 'shadow_copy2 catia fruit streams_xattr recycle'],
    ['recycle:repository', '.cairn/trash/smb/%U'],
    ['recycle:keeptree', 'yes'],
    ['recycle:versions', 'yes'],
    // The modification time stays that of the content; ctime tells when it was deleted.
    ['recycle:touch', 'no'],
    ['recycle:touch_mtime', 'no'],
    ['recycle:directory_mode', '0700'],
    ['recycle:subdir_mode', '0700'],
    ['recycle:exclude', unkept.join(' ')],
    ['shadow:snapdir', `${poolsDir}/${pool}/snapshots/${kind}/${name}`],
    ['shadow:basedir', path],
    ['shadow:sort', 'desc'],
    ['shadow:format', '@GMT-%Y.%m.%d-%H.%M.%S'],
    ['shadow:localtime', 'no'],
  ])
}

/** What programs make beside a file for a while, and what file managers leave about: nobody wants it back. */
const unkept = [
  '~$*',
  '~WRD*.tmp',
  '~WRL*.tmp',
  '~*.tmp',
  '.~lock.*#',
  '.smbdelete*',
  '._*',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '*.crdownload',
  '*.part',
  '.*.sw?',
]

function section(name: string, settings: readonly (readonly [key: string, value: string])[]): string {
  const lines = settings.filter(([, value]) => value !== '').map(([key, value]) => `\t${key} = ${value}`)
  return `[${name}]\n${lines.join('\n')}\n`
}
