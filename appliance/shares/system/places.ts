import { lstat, mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../../config.ts'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { renderSessionNote } from '../render/session-note.ts'

export interface Places {
  /** Samba's folder under a short name: a Unix socket's path ends at 107 bytes. */
  folder: string
  conf: string
  smbpasswd: string
  /** Not below `folder`, which only root may enter: smbd also looks accounts up on behalf of the service account. */
  passwd: string
  group: string
  /** In the run folder, which is memory: who connects and leaves must not wake a disk. */
  sessionLog: string
  sessionNote: string
  poolsDir: string
  port: number
}

const subfolders = ['etc', 'private', 'lock', 'state', 'cache', 'pid', 'ncalrpc', 'log']

export function placesOf({ samba, runDir, poolsDir }: Pick<Config, 'samba' | 'runDir' | 'poolsDir'>): Places {
  const folder = join(runDir, 'smb')
  return {
    folder,
    conf: join(folder, 'etc', 'smb.conf'),
    smbpasswd: join(folder, 'etc', 'smbpasswd'),
    passwd: join(runDir, 'smb-accounts', 'passwd'),
    group: join(runDir, 'smb-accounts', 'group'),
    sessionLog: join(runDir, 'smb-sessions', 'log'),
    sessionNote: join(runDir, 'smb-sessions', 'note'),
    poolsDir,
    port: samba.port,
  }
}

/** Makes Samba's folders in the data folder, and the short name for it. */
export async function makePlaces(config: Pick<Config, 'samba' | 'runDir' | 'poolsDir'>): Promise<void> {
  // smb.conf(5) substitutes % in values, has no way to write one, and ends a value at the line's end.
  if (/[%\n"]/.test(config.poolsDir)) throw unusablePath(config.poolsDir)
  if (/[^\w./-]/.test(config.runDir)) throw unusablePath(config.runDir)
  for (const name of subfolders)
    await mkdir(join(config.samba.folder, name), { recursive: true, mode: 0o700 })
  await mkdir(join(config.runDir, 'smb-accounts'), { recursive: true, mode: 0o755 })
  await makeSessionNote(config)
  await pointTo(join(config.runDir, 'smb'), config.samba.folder)
}

/** What smbd runs as root when somebody connects or leaves. */
async function makeSessionNote(config: Pick<Config, 'samba' | 'runDir' | 'poolsDir'>) {
  const { sessionLog, sessionNote } = placesOf(config)
  await mkdir(dirname(sessionNote), { recursive: true, mode: 0o700 })
  await writeIfChanged(sessionNote, renderSessionNote(sessionLog), 0o700)
}

/** What lies in the run folder only for smbd. The link is removed, never what it leads to. */
export async function removePlaces({ runDir }: Pick<Config, 'runDir'>): Promise<void> {
  for (const folder of ['smb-accounts', 'smb-sessions'])
    await rm(join(runDir, folder), { recursive: true, force: true })
  await rm(join(runDir, 'smb'), { force: true })
}

async function pointTo(link: string, target: string) {
  if ((await orIfMissing(readlink(link), undefined)) === target) return
  await rm(link, { force: true })
  await symlink(target, link)
}

/** Writes a file whole, by a rename, and only if it differs. True: it did. */
export async function writeIfChanged(path: string, text: string, mode: number): Promise<boolean> {
  if ((await orIfMissing(readFile(path, 'utf8'), undefined)) === text) return false
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  await writeFile(fresh, text, { mode, flag: 'wx' })
  await rename(fresh, path)
  return true
}

export async function isFolder(path: string): Promise<boolean> {
  return (await orIfMissing(lstat(path), undefined))?.isDirectory() ?? false
}

export async function orIfMissing<T, M>(reading: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await reading
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return missing
    throw error
  }
}

function unusablePath(path: string): Failure {
  const message = `SMB cannot serve files from ${path}: the folder's name has a character that Samba cannot take.`
  return new Failure('unsupported', 'shares/smb-path', message)
}
