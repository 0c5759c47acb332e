import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Facts, measurements, type RawFacts } from '../../appliance/tuning/schema/index.ts'

/** Where a machine in the fixtures comes from; none is ever passed off as another. */
export type Origin = 'recorded' | 'transcribed' | 'synthetic'

export interface Machine {
  name: string
  origin: Origin
  about: string
  /** Which parts of a synthetic machine are a real one's, and where that was found. */
  transcribed: string[]
  pools: { name: string; path: string; disks: string[] }[]
  raw: RawFacts
}

/** How parts of Cairn do by themselves what they can set, on any of these machines. */
export const ofParts: Facts['settable'] = {
  'servers.count': { value: '1', problem: null },
  'sqlite.cache': { value: '8192000', problem: null },
  'nfs.threads': { value: '200', problem: null, by: 'ganesha' },
  'tls.ciphers': {
    value: 'TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256',
    problem: null,
  },
}

export const poolsDir = '/srv/cairn'
const folder = join(import.meta.dirname, '..', 'fixtures', 'tuning')

export function machineNames(): string[] {
  return readdirSync(folder).sort()
}

export function machineFile(name: string, file: string): string {
  return join(folder, name, file)
}

export function readMachine(name: string): Machine {
  return parseMachineText(name, readFileSync(machineFile(name, 'facts.txt'), 'utf8'))
}

/** `PATH = one line`, `PATH -> link`, `key DISK = KEY`, `write PATH`, and `<<< PATH … >>>` for what has many lines. */
export function parseMachineText(name: string, text: string): Machine {
  const raw: RawFacts = { files: {}, links: {}, writable: [], keys: {}, printed: {} }
  const head = new Map<string, string[]>()
  const outside = text.replace(/^<<< (.*)\n([\s\S]*?)\n>>>$/gm, (_, path: string, content: string) => {
    if (path.startsWith('/')) raw.files[path] = `${content}\n`
    else raw.printed[path] = `${content}\n`
    return ''
  })
  for (const line of outside.split('\n')) takeLine(line, raw, head)
  const pools = (head.get('pool') ?? []).map(said => {
    const [pool = '', ...disks] = said.split(' ')
    return { name: pool, path: `${poolsDir}/${pool}`, disks }
  })
  return {
    name,
    origin: head.get('origin')?.[0] as Origin,
    about: head.get('about')?.[0] ?? '',
    transcribed: head.get('transcribed') ?? [],
    pools,
    raw,
  }
}

function takeLine(line: string, raw: RawFacts, head: Map<string, string[]>) {
  const [, path = '', value = ''] = /^(\/.*?|key \S+) = (.*)$/.exec(line) ?? []
  const [, link = '', target = ''] = /^(\/.*?) -> (.*)$/.exec(line) ?? []
  const [, word = '', said = ''] = /^([a-z]+): (.*)$/.exec(line) ?? []
  if (path.startsWith('key ')) raw.keys[path.slice(4)] = value
  else if (path) raw.files[path] = `${value}\n`
  else if (link) raw.links[link] = target
  else if (line.startsWith('write ')) raw.writable.push(line.slice(6))
  else if (word) head.set(word, [...(head.get(word) ?? []), said])
  else if (line !== '') throw new Error(`not understood: ${line}`)
}

export function machineText({ origin, about, raw }: Pick<Machine, 'origin' | 'about' | 'raw'>): string {
  const blocks = [...Object.entries(raw.files), ...Object.entries(raw.printed)]
  const isOneLine = ([path, text]: [string, string]) => path.startsWith('/') && !text.trimEnd().includes('\n')
  return [
    `origin: ${origin}`,
    `about: ${about}`,
    '',
    ...blocks.filter(block => !isOneLine(block)).map(([path, text]) => `<<< ${path}\n${text.trimEnd()}\n>>>`),
    ...blocks.filter(isOneLine).map(([path, text]) => `${path} = ${text.replaceAll('\0', '').trimEnd()}`),
    ...Object.entries(raw.links).map(([path, target]) => `${path} -> ${target}`),
    ...Object.entries(raw.keys).map(([name, key]) => `key ${name} = ${key}`),
    ...raw.writable.map(path => `write ${path}`),
    '',
  ].join('\n')
}

const measuredFile = z.object({
  origin: z.enum(['recorded', 'synthetic']),
  about: z.string(),
  ...measurements.shape,
})

/** What was measured on it, or figures that were not measured at all: `origin` says which. */
export function readMeasured(name: string): z.infer<typeof measuredFile> | null {
  const path = machineFile(name, 'measured.json')
  return existsSync(path) ? measuredFile.parse(JSON.parse(readFileSync(path, 'utf8'))) : null
}
