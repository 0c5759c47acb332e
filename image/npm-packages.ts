import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface NpmPackage {
  name: string
  version: string
}

interface Locked {
  version?: string
  dev?: boolean
  os?: string | string[]
  dependencies?: Record<string, string>
}

type Lock = Record<string, Locked>

/** Everything that is not for developers, from the lock file of a folder. */
export function lockedPackages(folder: string): NpmPackage[] {
  return namesAndVersions(lockOf(folder), ([, { dev }]) => !dev)
}

/** What the daemon's bundle is made of, and what lies beside it. */
export function bundledPackages(root: string): NpmPackage[] {
  return lockedPackages(root).filter(({ name }) => !name.startsWith('node-linux-'))
}

/** What the pages are built from: what they import, and what that needs. */
export function pagePackages(root: string): NpmPackage[] {
  const lock = lockOf(root)
  const reached = new Set<string>()
  const reach = (name: string) => {
    const locked = lock[`node_modules/${name}`]
    if (!locked || reached.has(name)) return
    reached.add(name)
    Object.keys(locked.dependencies ?? {}).forEach(reach)
  }
  importedByPages(root).forEach(reach)
  return namesAndVersions(lock, ([path, { dev }]) => dev === true && reached.has(nameOf(path)))
}

function lockOf(folder: string): Lock {
  return JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
}

function namesAndVersions(lock: Lock, isWanted: (entry: [string, Locked]) => boolean): NpmPackage[] {
  return Object.entries(lock)
    .filter(([path]) => path !== '')
    .filter(isWanted)
    .map(([path, { version = '' }]) => ({ name: nameOf(path), version }))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function importedByPages(root: string): string[] {
  const files = globSync(['appliance/web/**/*.{ts,tsx}', 'setup-wizard/**/*.{ts,tsx}'], { cwd: root })
  const imports = files.flatMap(file => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import) '([^.'][^']*)'/g),
  ])
  const names = imports.map(([, name = '']) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  )
  return [...new Set(names)]
}
