import { badRequest } from '../errors.ts'

/** Where a request points, among the trees that we serve. */
export type Address =
  | { kind: 'file'; mount: string; path: string[]; isFolderForm: boolean }
  /** A folder that exists only as an address: `/dav/`, `/dav/files/`. */
  | { kind: 'virtual'; path: string; children: readonly string[] }
  /** A chunked upload, or one of its chunks. `mount` is that of the same person's files. */
  | { kind: 'upload'; mount: string; transfer: string; chunk: string | undefined; isFolderForm: boolean }
  /** Below `trashbin/NAME/trash`: an item, and what is in it. `mount` ends before `/trash`. */
  | { kind: 'trash'; mount: string; path: string[]; isFolderForm: boolean }
  /** Below `versions/NAME/versions`: a file's id, and a version. `mount` ends before `/versions`. */
  | { kind: 'versions'; mount: string; path: string[]; isFolderForm: boolean }
  /** Whatever is moved there comes back. */
  | { kind: 'restore'; of: 'trash' | 'versions' }
  | { kind: 'unknown' }

/** Undefined: not WebDAV's at all. Throws for what no name can be. */
export function parseAddress(url: string, user: string): Address | undefined {
  // RFC 9112, 3.2: a request target has no fragment. To cut it off would delete a folder instead of what was meant.
  if (url.includes('#')) throw badRequest('The address must not have a fragment.')
  const pathname = pathOf(url)
  const mount = mounts.find(one => pathname === one.prefix || pathname.startsWith(`${one.prefix}/`))
  if (!mount) return undefined
  const segments = pathname.slice(mount.prefix.length).split('/').filter(Boolean).map(decodeSegment)
  const isFolderForm = pathname.endsWith('/')
  if (mount.kind === 'own') return { kind: 'file', mount: mount.prefix, path: segments, isFolderForm }
  const [root, owner, ...path] = segments
  if (root === undefined) return { kind: 'virtual', path: mount.prefix, children: roots }
  if (!isRoot(root)) return { kind: 'unknown' }
  if (owner === undefined) return { kind: 'virtual', path: `${mount.prefix}/${root}`, children: [user] }
  if (owner !== user) return { kind: 'unknown' }
  const files = `${mount.prefix}/files/${encodeURIComponent(owner)}`
  if (root === 'files') return { kind: 'file', mount: files, path, isFolderForm }
  if (root === 'trashbin' || root === 'versions')
    return historyAddress(`${mount.prefix}/${root}/${encodeURIComponent(owner)}`, root, path, isFolderForm)
  const [transfer, chunk, ...rest] = path
  if (transfer === undefined)
    return { kind: 'virtual', path: `${mount.prefix}/uploads/${encodeURIComponent(owner)}`, children: [] }
  return rest.length > 0
    ? { kind: 'unknown' }
    : { kind: 'upload', mount: files, transfer, chunk, isFolderForm }
}

const roots = ['files', 'uploads', 'trashbin', 'versions'] as const

function isRoot(name: string): name is (typeof roots)[number] {
  return roots.some(root => root === name)
}

function historyAddress(
  mount: string,
  root: 'trashbin' | 'versions',
  [branch, ...path]: string[],
  isFolderForm: boolean,
): Address {
  const kind = root === 'trashbin' ? 'trash' : 'versions'
  if (branch === undefined) return { kind: 'virtual', path: mount, children: [kind, 'restore'] }
  if (branch === kind && (kind === 'trash' || path.length > 0)) return { kind, mount, path, isFolderForm }
  if (branch === kind) return { kind: 'virtual', path: `${mount}/${kind}`, children: [] }
  if (branch !== 'restore') return { kind: 'unknown' }
  return path.length === 0
    ? { kind: 'virtual', path: `${mount}/restore`, children: [] }
    : { kind: 'restore', of: kind }
}

const mounts = [
  { prefix: '/remote.php/webdav', kind: 'own' },
  { prefix: '/remote.php/dav', kind: 'all' },
  { prefix: '/webdav', kind: 'own' },
  { prefix: '/dav', kind: 'all' },
] as const

/** Parents of our trees, which Windows and davfs2 ask for their OPTIONS and properties first. */
export const parents: Record<string, readonly string[]> = {
  '/': ['dav', 'webdav', 'remote.php'],
  '/remote.php': ['dav', 'webdav'],
}

export function isMounted(url: string): boolean {
  const pathname = pathOf(url)
  return mounts.some(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
}

/** The path of a request target: without query, and without the scheme and host of the absolute form. */
export function pathOf(url: string): string {
  // Nearly all are plain paths.
  if (url.startsWith('/') && !/[?#]/.test(url)) return url
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return path === '' ? '/' : path
}

function decodeSegment(segment: string): string {
  let name: string
  try {
    name = decodeURIComponent(segment)
  } catch {
    throw badRequest('The address is not valid UTF-8 in percent-encoding.')
  }
  if (name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw badRequest('The address holds a name that cannot be.')
  }
  return name
}
