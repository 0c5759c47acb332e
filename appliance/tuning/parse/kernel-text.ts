import type { RawFacts } from '../schema/index.ts'

/** One line of a file without its end, or null. A device tree's texts end with a zero byte. */
export function lineOf(raw: RawFacts, path: string): string | null {
  const said = raw.files[path]?.replaceAll('\0', '').trim()
  return said === undefined || said === '' ? null : said
}

export function numberOf(raw: RawFacts, path: string): number | null {
  const line = lineOf(raw, path)
  return line !== null && /^-?\d{1,15}$/.test(line) ? Number(line) : null
}

/** What is not below zero: the kernel says -1 for what it does not know. */
export function countOf(raw: RawFacts, path: string): number | null {
  const number = numberOf(raw, path)
  return number !== null && number >= 0 ? number : null
}

export function flagOf(raw: RawFacts, path: string): boolean | null {
  const number = numberOf(raw, path)
  return number === null ? null : number !== 0
}

export function wordsOf(raw: RawFacts, path: string): string[] {
  return lineOf(raw, path)?.split(/\s+/) ?? []
}

/** `[none] mq-deadline kyber`: the one in use stands in brackets. */
export function chosenOf(raw: RawFacts, path: string): { chosen: string | null; all: string[] } {
  return wordsIn(lineOf(raw, path) ?? '')
}

export function wordsIn(line: string): { chosen: string | null; all: string[] } {
  const words = line.trim().split(/\s+/).filter(Boolean)
  const chosen = words.find(word => word.startsWith('['))?.slice(1, -1)
  return { chosen: chosen ?? null, all: words.map(word => word.replace(/^\[(.*)\]$/, '$1')) }
}

/** `MemTotal:  1024 kB`, `model name : x`: the first of each name. */
export function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim()
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}

/** What NAME in `/sys/class/net/NAME/mtu` stands for, in the order of the names. */
export function namesAt(raw: RawFacts, before: string, after: string): string[] {
  const names = Object.keys(raw.files)
    .filter(path => path.startsWith(before) && path.endsWith(after))
    .map(path => path.slice(before.length, path.length - after.length))
    .filter(name => name !== '' && !name.includes('/'))
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

const units: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** `512K`. */
export function bytesOf(said: string | null): number {
  const match = /^(\d{1,6})([KMG]?)$/.exec(said ?? '')
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 1) : 0
}
