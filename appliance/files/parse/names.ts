import { Failure } from '../../lib/failure.ts'

const maxNameBytes = 255

/** One name of a path: any bytes but NUL and '/' that are UTF-8, up to 255 of them, never '.' or '..'. */
export function checkName(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new Failure('invalid', 'files/name-invalid', `"${printable(name)}" cannot be a name.`)
  }
  if (!name.isWellFormed()) {
    throw new Failure('invalid', 'files/name-invalid', 'The name is not valid Unicode.')
  }
  if (byteLength(name) > maxNameBytes) {
    throw new Failure('invalid', 'files/name-too-long', `A name can have at most ${maxNameBytes} bytes.`)
  }
  return name
}

/** `/a/b` to its names; the empty path and `/` are the root. */
export function parsePath(text: string): string[] {
  const trimmed = text.replace(/^\/+|\/+$/g, '')
  return trimmed === '' ? [] : trimmed.split('/').map(checkName)
}

export function formatPath(path: readonly string[]): string {
  return `/${path.join('/')}`
}

const encoder = new TextEncoder()

function byteLength(text: string): number {
  return text.length > maxNameBytes ? text.length : encoder.encode(text).length
}

function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 40)
}
