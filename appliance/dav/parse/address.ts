import { badRequest } from '../errors.ts'

/** Where a request points, among the trees that we serve. */
export type Address =
  | { kind: 'file'; mount: string; path: string[]; isFolderForm: boolean }
  /** A folder that exists only as an address: `/dav/`, `/dav/files/`. */
  | { kind: 'virtual'; path: string; children: readonly string[] }
  /** A chunked upload, or one of its chunks. `mount` is that of the same person's files. */
  | { kind: 'upload'; mount: string; transfer: string; chunk: string | undefined; isFolderForm: boolean }
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
  if (root === undefined) return { kind: 'virtual', path: mount.prefix, children: ['files', 'uploads'] }
  if (root !== 'files' && root !== 'uploads') return { kind: 'unknown' }
  if (owner === undefined) return { kind: 'virtual', path: `${mount.prefix}/${root}`, children: [user] }
  if (owner !== user) return { kind: 'unknown' }
  const files = `${mount.prefix}/files/${encodeURIComponent(owner)}`
  if (root === 'files') return { kind: 'file', mount: files, path, isFolderForm }
  const [transfer, chunk, ...rest] = path
  if (transfer === undefined)
    return { kind: 'virtual', path: `${mount.prefix}/uploads/${encodeURIComponent(owner)}`, children: [] }
  return rest.length > 0
    ? { kind: 'unknown' }
    : { kind: 'upload', mount: files, transfer, chunk, isFolderForm }
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
