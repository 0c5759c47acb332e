import { bareFolder, davTrashName, type Entry, parseDavTrashName, type ShownItem } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { methodNotAllowed } from '../errors.ts'
import { parseDepth, parseOverwrite } from '../parse/headers.ts'
import { parsePropfind } from '../parse/propfind.ts'
import { encodeSegment, escapeText } from '../render/escape.ts'
import { type PropertyPlan, planProperties } from '../render/multistatus.ts'
import { readXml } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { askedAddress, historyExtras, restoreTarget } from '../service/history.ts'
import { requireUnlocked } from '../service/locks.ts'
import { MultistatusWriter } from '../service/multistatus-writer.ts'
import { replyEmpty, setEntryHeaders } from '../service/reply.ts'
import { sendOpen } from '../service/send-open.ts'

/** The trash as clients of Nextcloud know it: `trash/NAME.dSECOND`, restored by a MOVE to `restore/…`. */
export const trashVerbs: ReadonlyMap<string, (call: DavCall) => Promise<void>> = new Map([
  ['PROPFIND', propfind],
  ['GET', get],
  ['HEAD', get],
  ['DELETE', remove],
  ['MOVE', restore],
])

async function propfind(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  const plan = planProperties(parsePropfind(await readXml(request, response)))
  const isDeep = parseDepth(request.headers.depth, 'infinity') !== '0'
  const writer = new MultistatusWriter(response, plan.isAscii)
  const base = escapeText(askedAddress(call))
  if (path.length === 0) {
    await writer.add(plan.render(`${base}/`, bareFolder('trash'), historyExtras(call), []))
    if (isDeep) await listAll(call, plan, writer, base)
    return writer.end()
  }
  const { item, inside } = await find(call)
  const top = inside.length === 0 ? item.entry : await files.trash.stat(actor, item.id, inside)
  const below = isDeep && top.kind === 'folder' ? await files.trash.listInside(actor, item.id, inside) : []
  const slash = top.kind === 'folder' ? '/' : ''
  await writer.add(plan.render(base + slash, top, historyExtras(call, propertiesOf(item, inside, top)), []))
  for (const entry of below) {
    const href = `${base}/${encodeSegment(entry.name)}${entry.kind === 'folder' ? '/' : ''}`
    const own = propertiesOf(item, [...inside, entry.name], entry)
    await writer.add(plan.render(href, entry, historyExtras(call, own), []))
  }
  writer.end()
}

async function listAll(call: DavCall, plan: PropertyPlan, writer: MultistatusWriter, base: string) {
  const named = createNaming()
  for await (const item of call.files.trash.list(call.actor)) {
    const { entry } = item
    const href = `${base}/${escapeText(encodeSegment(named(item)))}${entry.kind === 'folder' ? '/' : ''}`
    await writer.add(plan.render(href, entry, historyExtras(call, propertiesOf(item, [], entry)), []))
  }
}

/** The newest come first, so that names can be the same only within the second at hand. */
function createNaming() {
  let second = -1
  const seen = new Set<string>()
  return (item: ShownItem): string => {
    const now = secondOf(item)
    if (now !== second) seen.clear()
    second = now
    const name = nameOf(item)
    const isFirst = !seen.has(name)
    seen.add(name)
    return davTrashName(name, item.item, isFirst)
  }
}

async function find({ files, actor, path }: DavCall): Promise<{ item: ShownItem; inside: string[] }> {
  const [name = '', ...inside] = path
  const wanted = parseDavTrashName(name)
  if (wanted) {
    for await (const item of files.trash.list(actor, { second: wanted.second })) {
      const isIt = wanted.token === undefined || item.item.endsWith(`-${wanted.token}`)
      if (isIt && nameOf(item) === wanted.name) return { item, inside }
    }
  }
  throw new Failure('missing', 'files/not-in-trash', 'This is not in the trash any more.')
}

function nameOf({ origin, entry }: ShownItem): string {
  return origin.at(-1) ?? entry.name
}

function secondOf({ deletedAtMs }: ShownItem): number {
  return Math.floor(deletedAtMs / 1000)
}

function propertiesOf(item: ShownItem, inside: readonly string[], entry: Entry): Record<string, string> {
  const origin = [...item.origin, ...inside].join('/')
  const second = String(secondOf(item))
  const isTop = inside.length === 0
  const name = isTop ? nameOf(item) : entry.name
  return {
    ...(entry.id === undefined ? {} : { 'oc:id': String(entry.id) }),
    'oc:permissions': entry.right === 'write' ? 'GD' : 'G',
    'nc:trashbin-filename': escapeText(name),
    'nc:trashbin-original-location': escapeText(origin),
    'nc:trashbin-title': escapeText(origin),
    'nc:trashbin-deletion-time': second,
    'nc:trashbin-deleted-by-id': escapeText(item.about.by),
    'nc:trashbin-deleted-by-display-name': escapeText(item.about.by),
    'nc:has-preview': 'false',
    'nc:mount-type': '',
    'd:displayname': escapeText(name),
    ...(isTop ? { 'd:getetag': second } : {}),
  }
}

async function get(call: DavCall): Promise<void> {
  const { item, inside } = await find(call)
  await sendOpen(call, await call.files.trash.open(call.actor, item.id, inside))
}

async function remove(call: DavCall): Promise<void> {
  const { files, actor, path, response } = call
  if (path.length === 0) await files.trash.empty(actor)
  else {
    const { item, inside } = await find(call)
    await files.trash.remove(actor, item.id, inside)
  }
  replyEmpty(response, 204)
}

/** Where the name is taken, it gets one of its own; at an address of the client's choice, Overwrite counts. */
async function restore(call: DavCall): Promise<void> {
  const { files, actor, path, request, response } = call
  if (path.length === 0) throw methodNotAllowed()
  const to = restoreTarget(call, 'trash')
  const { item, inside } = await find(call)
  const target = to ?? [...item.origin, ...inside]
  await requireUnlocked({ ...call, path: target }, [{ path: target, changesParent: true }], new Set())
  const choice = to
    ? ({ to, whenTaken: parseOverwrite(request.headers.overwrite) ? 'replace' : 'fail' } as const)
    : ({ whenTaken: 'rename' } as const)
  const { entry } = await files.trash.restore(actor, item.id, { inside, ...choice })
  setEntryHeaders(response, entry, call.instanceId)
  replyEmpty(response, 201)
}
