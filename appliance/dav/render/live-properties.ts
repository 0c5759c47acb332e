import type { Entry } from '../../files/index.ts'
import { typeOf } from '../../http/content.ts'
import { httpDate } from '../../http/dates.ts'
import type { LockRow } from '../store/migrations.ts'
import { escapeText } from './escape.ts'
import { renderLocks } from './locks.ts'

/** What an entry does not tell by itself. Only what was asked for is there. */
export interface Extras {
  instanceId: string
  nowMs: number
  locks: readonly LockRow[]
  hrefOf(lock: LockRow): string
  quota: { usedBytes: number; availableBytes: number } | undefined
  /** Values of this one entry that are not as everywhere, by element; escaped already. */
  own?: Readonly<Record<string, string>>
  /** By name, of the entries of one folder. */
  checksums?: ReadonlyMap<string, string>
}

export interface LiveProperty {
  /** With the prefix that iOS looks for by its letters. */
  element: string
  /** What it holds, or undefined where the entry has none: then it is answered 404. */
  value(entry: Entry, extras: Extras): string | undefined
  needs?: 'locks' | 'quota' | 'checksums'
  isInAllprop?: boolean
  /** May hold more than ASCII. */
  isText?: boolean
}

export const namespaces = {
  dav: 'DAV:',
  owncloud: 'http://owncloud.org/ns',
  nextcloud: 'http://nextcloud.org/ns',
} as const

const dav: Record<string, Omit<LiveProperty, 'element'>> = {
  resourcetype: { isInAllprop: true, value: entry => (entry.kind === 'folder' ? '<d:collection/>' : '') },
  getcontentlength: {
    isInAllprop: true,
    value: entry => (entry.kind === 'file' ? String(entry.size) : undefined),
  },
  getlastmodified: {
    isInAllprop: true,
    value: entry => (entry.isAvailable ? httpDate(entry.modifiedAtMs) : undefined),
  },
  getetag: {
    isInAllprop: true,
    value: entry => (entry.etag === undefined ? undefined : `&quot;${entry.etag}&quot;`),
  },
  getcontenttype: {
    isInAllprop: true,
    value: entry => (entry.kind === 'file' ? typeOf(entry.name) : undefined),
  },
  creationdate: {
    isInAllprop: true,
    value: entry => (entry.createdAtMs === undefined ? undefined : isoSeconds(entry.createdAtMs)),
  },
  displayname: { isInAllprop: true, isText: true, value: entry => escapeText(entry.name) },
  supportedlock: { isInAllprop: true, value: () => supportedLock },
  lockdiscovery: {
    isInAllprop: true,
    isText: true,
    needs: 'locks',
    value: (_entry, extras) => renderLocks(extras.locks, extras.nowMs, extras.hrefOf),
  },
  'quota-used-bytes': { needs: 'quota', value: (entry, { quota }) => ofFolder(entry, quota?.usedBytes) },
  'quota-available-bytes': {
    needs: 'quota',
    value: (entry, { quota }) => ofFolder(entry, quota?.availableBytes),
  },
}

const owncloud: Record<string, Omit<LiveProperty, 'element'>> = {
  id: {
    value: (entry, { instanceId }) =>
      entry.id === undefined ? undefined : String(entry.id).padStart(8, '0') + instanceId,
  },
  fileid: { value: entry => (entry.id === undefined ? undefined : String(entry.id)) },
  permissions: { value: permissionsOf },
  checksums: { needs: 'checksums', value: checksumsOf },
  size: { value: entry => (entry.isAvailable ? String(entry.size) : undefined) },
}

const nextcloud: Record<string, Omit<LiveProperty, 'element'>> = {
  'is-mount-root': { value: entry => (isShareRoot(entry) ? 'true' : 'false') },
  creation_time: {
    value: entry =>
      entry.createdAtMs === undefined ? undefined : String(Math.floor(entry.createdAtMs / 1000)),
  },
}

/** What only things in the trash and versions have; they tell it by `own`. */
const ofHistory =
  'trashbin-filename trashbin-original-location trashbin-deletion-time trashbin-title trashbin-deleted-by-id trashbin-deleted-by-display-name version-label version-author'.split(
    ' ',
  )

/** What clients of Nextcloud ask for and is not there yet: answered 404, and nobody can store something there. */
const unknownYet: Record<string, readonly string[]> = {
  [namespaces.owncloud]:
    'downloadURL dDC share-types favorite owner-id owner-display-name comments-unread comments-count comments-href tags data-fingerprint'.split(
      ' ',
    ),
  [namespaces.nextcloud]:
    'is-encrypted has-preview mount-type upload_time note sharees share-attributes hide-download rich-workspace rich-workspace-file system-tags hidden metadata-files-live-photo metadata-blurhash metadata-photos-exif metadata-photos-gps metadata-photos-original_date_time metadata-photos-place metadata-photos-size file-metadata-size file-metadata-gps lock lock-owner lock-owner-displayname lock-owner-type lock-owner-editor lock-time lock-timeout lock-token contained-file-count contained-folder-count share-download-limits reminder-due-date is-federated metadata_etag'.split(
      ' ',
    ),
}

function tableOf(
  prefix: string,
  table: Record<string, Omit<LiveProperty, 'element'>>,
): [string, LiveProperty][] {
  return Object.entries(table).map(([name, property]) => [
    name,
    { ...property, element: `${prefix}:${name}` },
  ])
}

const absent = (element: string): LiveProperty => ({ element, value: () => undefined })
const historic = (name: string): [string, LiveProperty] => [name, { ...absent(`nc:${name}`), isText: true }]
const absentOf = (prefix: string, namespace: string): [string, LiveProperty][] =>
  (unknownYet[namespace] ?? []).map(name => [name, absent(`${prefix}:${name}`)])

/** By namespace and name. */
export const liveProperties: ReadonlyMap<string, ReadonlyMap<string, LiveProperty>> = new Map([
  [namespaces.dav, new Map(tableOf('d', dav))],
  [namespaces.owncloud, new Map([...tableOf('oc', owncloud), ...absentOf('oc', namespaces.owncloud)])],
  [
    namespaces.nextcloud,
    new Map([
      ...tableOf('nc', nextcloud),
      ...ofHistory.map(historic),
      ...absentOf('nc', namespaces.nextcloud),
    ]),
  ],
])

export function liveProperty(namespace: string, name: string): LiveProperty | undefined {
  return liveProperties.get(namespace)?.get(name)
}

const supportedLock = ['exclusive', 'shared']
  .map(
    scope =>
      `<d:lockentry><d:lockscope><d:${scope}/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockentry>`,
  )
  .join('')

function ofFolder(entry: Entry, bytes: number | undefined): string | undefined {
  return entry.kind === 'folder' && bytes !== undefined ? String(bytes) : undefined
}

function isShareRoot(entry: Entry): boolean {
  return entry.isVolumeRoot && entry.volume === 'share'
}

/**
 * M: of a share, G: may be read, D N V: deleted, renamed and moved, W: its content changed, C K: files and folders made
 * in it. The desktop client decides by them what it may do.
 */
function permissionsOf(entry: Entry): string {
  const place = entry.volume === 'share' ? 'MG' : 'G'
  if (entry.right !== 'write') return place
  const own = entry.isVolumeRoot ? '' : 'DNV'
  return place + own + (entry.kind === 'file' ? 'W' : 'CK')
}

function checksumsOf(entry: Entry, { checksums }: Extras): string | undefined {
  const known = entry.checksums ?? checksums?.get(entry.name)
  return known && `<oc:checksum>${known}</oc:checksum>`
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
