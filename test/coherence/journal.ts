import { appendFileSync } from 'node:fs'

/** All operations of a run in the order in which they ended, also in a file that outlives a failure. */
export interface Journal {
  path: string
  count(): number
  /** How often this was done. */
  countOf(what: string): number
  note(operation: Operation): void
  /** The last of those that touched any of these paths, or something above or below them. */
  touching(paths: readonly string[], limit?: number): string[]
}

export interface Operation {
  face: string
  what: string
  /** As a client of WebDAV calls them. */
  paths: readonly string[]
  result: string
}

export function createJournal(path: string): Journal {
  const lines: { text: string; paths: readonly string[] }[] = []
  const counts = new Map<string, number>()
  const beganAt = performance.now()
  return {
    path,
    count: () => lines.length,
    countOf: what => counts.get(what) ?? 0,
    note({ face, what, paths, result }) {
      const seconds = ((performance.now() - beganAt) / 1000).toFixed(3)
      const text = `${seconds} ${face} ${what} ${paths.map(one => JSON.stringify(one)).join(' ')} ${result}`
      lines.push({ text, paths })
      counts.set(what, (counts.get(what) ?? 0) + 1)
      appendFileSync(path, `${text}\n`)
    },
    touching(wanted, limit = 50) {
      const isNear = (one: string, other: string) =>
        one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)
      return lines
        .filter(line => line.paths.some(one => wanted.some(other => isNear(one, other))))
        .slice(-limit)
        .map(({ text }) => text)
    },
  }
}
