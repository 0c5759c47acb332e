import { constants } from 'node:fs'
import { access, readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../lib/failure.ts'

// What the kernel shows as files, below a root that is `/` but in tests. What is not there is no error.

/** The paths that a pattern stands for; a star is any name in its folder. Those without a star need not be there. */
export async function expand(root: string, pattern: string): Promise<string[]> {
  let paths = ['']
  for (const part of pattern.slice(1).split('/')) {
    if (!part.includes('*')) paths = paths.map(path => `${path}/${part}`)
    else paths = (await Promise.all(paths.map(path => matching(root, path, part)))).flat()
  }
  return paths
}

async function matching(root: string, folder: string, part: string): Promise<string[]> {
  const [before = '', after = ''] = part.split('*')
  const names = await orLeftOut(readdir(join(root, folder)))
  return (names ?? [])
    .filter(name => name.startsWith(before) && name.endsWith(after))
    .map(name => `${folder}/${name}`)
}

export async function realPlace(root: string, path: string): Promise<string | undefined> {
  const real = await orLeftOut(realpath(join(root, path)))
  if (real === undefined || root === '/') return real
  return real.slice((await realpath(root)).length)
}

const mostBytes = 4 * 1024 ** 2

export async function textOf(path: string): Promise<string | undefined> {
  const text = await orLeftOut(readFile(path, 'utf8'))
  return text === undefined || text.length > mostBytes ? undefined : text
}

export function isThere(path: string): Promise<boolean> {
  return orLeftOut(access(path)).then(done => done === null)
}

export function mayWrite(path: string): Promise<boolean> {
  return orLeftOut(access(path, constants.W_OK)).then(done => done === null)
}

/** What sysfs answers for what is not there, has gone, or has nothing to say (the speed of a card without a cable). */
const leftOut = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EINVAL',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENODEV',
  'ENXIO',
  'EIO',
  'EAGAIN',
  'ENODATA',
  'EOPNOTSUPP',
  'ENOTSUP',
  'ETIMEDOUT',
  'ENOMEDIUM',
  'EBUSY',
])

export async function orLeftOut<T>(reading: Promise<T>): Promise<(T extends void ? null : T) | undefined> {
  try {
    return ((await reading) ?? null) as T extends void ? null : T
  } catch (error) {
    if (leftOut.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
