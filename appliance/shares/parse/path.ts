import { Failure } from '../../lib/failure.ts'

const longestNameBytes = 255

/** `/a/b.txt` below a share as names; `/` is none. Throws for what no path inside a share can be. */
export function parsePath(path: string): string[] {
  const names = path.split('/').filter(name => name !== '')
  for (const name of names) {
    const isBad = name === '.' || name === '..' || name.includes('\0')
    if (isBad || new TextEncoder().encode(name).length > longestNameBytes) throw badPath()
  }
  if (names[0] === '.cairn') throw noSuchFile()
  return names
}

export function noSuchFile(): Failure {
  return new Failure('missing', 'shares/no-file', 'There is no such file in this snapshot.')
}

function badPath(): Failure {
  const message = 'This is not a path inside the share.'
  return new Failure('invalid', 'shares/bad-path', message, { details: { fields: { path: message } } })
}
