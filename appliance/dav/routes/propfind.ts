import type { Entry } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { pathOf } from '../parse/address.ts'
import { parseDepth } from '../parse/headers.ts'
import { parsePropfind } from '../parse/propfind.ts'
import { encodePath, encodeSegment, escapeText } from '../render/escape.ts'
import type { Extras } from '../render/live-properties.ts'
import { type PropertyPlan, planProperties, statusResponse } from '../render/multistatus.ts'
import { readXml } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { hrefOf, locksOn } from '../service/locks.ts'
import { MultistatusWriter } from '../service/multistatus-writer.ts'
import { checkIf } from '../service/preconditions.ts'
import type { LockRow, PropertyRow } from '../store/migrations.ts'

/** PROPFIND (RFC 4918, 9.1), streamed at any depth. Once started it ends whole or is cut, never short. */
export async function propfind(call: DavCall): Promise<void> {
  const { request, response, files, actor } = call
  await checkIf(call)
  const depth = parseDepth(request.headers.depth, 'infinity')
  const plan = planProperties(parsePropfind(await readXml(request, response)))
  const found = await files.stat(actor, call.path)
  const top = call.path.length === 0 ? { ...found, name: actor.user } : found
  const writer = new MultistatusWriter(response, plan.isAscii)
  const lister = new Lister(call, plan, writer)
  const href = hrefOfRequest(call, top)
  // Before the first byte, so that it can still be refused as a whole.
  const pages =
    depth !== '0' && top.kind === 'folder' ? await started(files.list(actor, call.path)) : undefined
  await lister.show([top], call.path.slice(0, -1), () => href)
  if (pages) await lister.walk({ path: call.path, href }, pages, depth === 'infinity')
  writer.end()
}

/** The address as it was asked for (the desktop client compares letters), folders with a slash at the end. */
function hrefOfRequest(call: DavCall, entry: Entry): string {
  const asked = pathOf(call.request.url ?? '/')
  const plain = asked.includes('//') ? `${call.mount}/${encodePath(call.path)}` : asked
  const trimmed = plain.replace(/\/+$/, '')
  return escapeText(entry.kind === 'folder' ? `${trimmed}/` : trimmed)
}

interface Place {
  path: readonly string[]
  href: string
}

type Pages = AsyncIterator<Entry[]>

interface StartedPages {
  first: Awaited<ReturnType<Pages['next']>>
  rest: Pages
}

async function started(list: AsyncIterable<Entry[]>): Promise<StartedPages> {
  const rest = list[Symbol.asyncIterator]()
  return { first: await rest.next(), rest }
}

class Lister {
  readonly #call: DavCall
  readonly #plan: PropertyPlan
  readonly #writer: MultistatusWriter
  readonly #quotas = new Map<string, Extras['quota']>()

  constructor(call: DavCall, plan: PropertyPlan, writer: MultistatusWriter) {
    this.#call = call
    this.#plan = plan
    this.#writer = writer
  }

  async walk(top: Place, pages: StartedPages, isDeep: boolean): Promise<void> {
    const waiting: Place[] = []
    await this.#folder(top, pages, waiting, isDeep)
    for (let place = waiting.pop(); place; place = waiting.pop()) {
      const inner = await this.#start(place)
      if (inner) await this.#folder(place, inner, waiting, isDeep)
    }
  }

  /** A share that is away is said to be away; what vanished meanwhile is left out. */
  async #start(place: Place): Promise<StartedPages | undefined> {
    try {
      return await started(this.#call.files.list(this.#call.actor, place.path))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.kind === 'missing') return undefined
      await this.#writer.add(
        statusResponse(
          place.href,
          error.kind === 'unavailable' ? '503 Service Unavailable' : '403 Forbidden',
        ),
      )
      return undefined
    }
  }

  async #folder(place: Place, { first, rest }: StartedPages, waiting: Place[], isDeep: boolean) {
    const hrefIn = (entry: Entry) =>
      place.href + encodeSegment(entry.name) + (entry.kind === 'folder' ? '/' : '')
    try {
      for (let page = first; !page.done; page = await rest.next()) {
        await this.show(page.value, place.path, hrefIn)
        if (!isDeep) continue
        const folders = page.value.filter(entry => entry.kind === 'folder')
        waiting.push(...folders.map(entry => ({ path: [...place.path, entry.name], href: hrefIn(entry) })))
      }
    } finally {
      await rest.return?.()
    }
  }

  /** Entries of the folder `parent`. */
  async show(
    entries: readonly Entry[],
    parent: readonly string[],
    hrefIn: (entry: Entry) => string,
  ): Promise<void> {
    const dead = await this.#dead(entries)
    const locks = await this.#locks(entries, parent)
    const checksums = await this.#checksums(entries, parent)
    const plain: Extras = this.#extras([], undefined, checksums)
    for (const entry of entries) {
      const isPlain = locks.size === 0 && !this.#plan.needsQuota
      const extras = isPlain
        ? plain
        : this.#extras(locks.get(entry) ?? [], await this.#quota(entry, parent), checksums)
      const rows = entry.id === undefined ? undefined : dead.get(entry.id)
      const pause = this.#writer.add(this.#plan.render(hrefIn(entry), entry, extras, rows ?? noRows))
      if (pause) await pause
    }
  }

  #extras(locks: readonly LockRow[], quota: Extras['quota'], checksums: Map<string, string>): Extras {
    const { instanceId, clock } = this.#call
    return {
      instanceId,
      nowMs: clock.now(),
      locks,
      quota,
      checksums,
      hrefOf: lock => hrefOf(this.#call, lock),
    }
  }

  async #checksums(entries: readonly Entry[], parent: readonly string[]): Promise<Map<string, string>> {
    if (!this.#plan.needsChecksums) return none
    const unknown = entries.filter(entry => !('checksums' in entry))
    return unknown.length === 0 ? none : this.#call.files.checksums(this.#call.actor, parent, unknown)
  }

  async #dead(entries: readonly Entry[]): Promise<Map<number, PropertyRow[]>> {
    if (!this.#plan.needsDead || !(await this.#call.properties.any())) return new Map()
    const rows = await this.#call.properties.of(idsOf(entries))
    return Map.groupBy(rows, row => row.fileId)
  }

  async #locks(entries: readonly Entry[], parent: readonly string[]): Promise<Map<Entry, LockRow[]>> {
    const { locks } = this.#call
    if (!this.#plan.needsLocks || !locks.any()) return new Map()
    const inherited = (await locksOn(this.#call, parent)).filter(lock => lock.isInfinite)
    const own = Map.groupBy(await locks.of(idsOf(entries)), lock => lock.fileId)
    const above = (entry: Entry) => (entry.isVolumeRoot ? [] : inherited)
    return new Map(
      entries.map(entry => [entry, unique([...(own.get(entry.id ?? 0) ?? []), ...above(entry)])]),
    )
  }

  async #quota(entry: Entry, parent: readonly string[]): Promise<Extras['quota']> {
    if (!this.#plan.needsQuota || entry.kind !== 'folder' || !entry.isAvailable) return undefined
    const { files, actor } = this.#call
    const place = isRoot(entry) ? [] : [...parent, entry.name]
    const { volume } = files.locate(actor, place)
    if (!this.#quotas.has(volume)) this.#quotas.set(volume, await files.quota(actor, place))
    return this.#quotas.get(volume)
  }
}

const none = new Map<string, string>()
const noRows: readonly PropertyRow[] = []

/** The top of the tree: a home is never found below. */
function isRoot(entry: Entry): boolean {
  return entry.isVolumeRoot && entry.volume === 'home'
}

function unique(locks: LockRow[]): LockRow[] {
  return [...new Map(locks.map(lock => [lock.token, lock])).values()]
}

function idsOf(entries: readonly Entry[]): number[] {
  return entries.flatMap(entry => (entry.id === undefined ? [] : [entry.id]))
}
