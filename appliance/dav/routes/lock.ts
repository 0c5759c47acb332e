import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Entry } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { badRequest } from '../errors.ts'
import { parseDepth, parseTimeout } from '../parse/headers.ts'
import { parseLockInfo } from '../parse/lockinfo.ts'
import type { XmlElement } from '../parse/xml.ts'
import { renderLocks } from '../render/locks.ts'
import { readXml } from '../service/body.ts'
import { type DavCall, entryAt } from '../service/call.ts'
import { hrefOf, locked, locksOn, requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyXml, setEntryHeaders } from '../service/reply.ts'
import { placeText } from '../store/locks.ts'
import type { LockRow } from '../store/migrations.ts'

/** LOCK (RFC 4918, 9.10): takes one, or refreshes it where there is no body. */
export async function lock(call: DavCall): Promise<void> {
  const body = await readXml(call.request, call.response)
  const tokens = await checkIf(call)
  if (body) await take(call, body, tokens)
  else await refresh(call, tokens)
}

async function take(call: DavCall, body: XmlElement, tokens: ReadonlySet<string>) {
  const { request, response } = call
  const info = parseLockInfo(body)
  const depth = parseDepth(request.headers.depth, 'infinity')
  if (depth === '1') throw badRequest('LOCK knows Depth 0 and infinity.')
  const found = await entryAt(call)
  conditionsOf(call)(found)
  await requireMayWrite(call, found)
  const entry = found ?? (await makeEmpty(call, tokens))
  const row = await add(call, entry, { ...info, isInfinite: depth === 'infinity' })
  setEntryHeaders(response, entry, call.instanceId)
  response.setHeader('Lock-Token', `<${row.token}>`)
  reply(call, row, found ? 200 : 201)
}

async function requireMayWrite(call: DavCall, entry: Entry | undefined) {
  if (entry && entry.right !== 'write') {
    throw new Failure('forbidden', 'files/read-only-grant', 'You may read here, but not change anything.')
  }
  if (entry && !entry.isAvailable) await call.files.quota(call.actor, call.path)
}

/** A lock on a name that is free makes an empty file (RFC 4918, 7.3). */
async function makeEmpty(call: DavCall, tokens: ReadonlySet<string>): Promise<Entry> {
  if (call.isFolderForm) throw new Failure('missing', 'files/missing', 'There is no such folder.')
  const beforeCommit = () => requireUnlocked(call, [{ path: call.path, changesParent: true }], tokens)
  await beforeCommit()
  const { entry } = await call.files.write(call.actor, call.path, Readable.from([]), { beforeCommit })
  return entry
}

async function add(
  call: DavCall,
  entry: Entry,
  { isShared, isInfinite, owner }: { isShared: boolean; isInfinite: boolean; owner: string },
): Promise<LockRow> {
  const { files, actor, path, locks, clock } = call
  const { id: fileId } = entry
  if (fileId === undefined)
    throw new Failure('forbidden', 'files/read-only-pool', 'It cannot be locked at the moment.')
  const location = files.locate(actor, path)
  const timeoutSeconds = parseTimeout(call.request.headers.timeout)
  const row: LockRow = {
    token: `opaquelocktoken:${randomUUID()}`,
    fileId,
    volume: location.volume,
    path: placeText(location.path),
    isInfinite: Number(isInfinite),
    isShared: Number(isShared),
    owner,
    user: actor.user,
    timeoutSeconds,
    endsAt: clock.now() + timeoutSeconds * 1000,
  }
  const lineage = await files.lineage(actor, path)
  const above = lineage.flatMap(one => (one.id === undefined || one.id === fileId ? [] : [one.id]))
  const inTheWay = await locks.add(row, { fileId, above })
  if (inTheWay.length > 0) throw locked(call, 'no-conflicting-lock', inTheWay)
  return row
}

async function refresh(call: DavCall, tokens: ReadonlySet<string>) {
  if (tokens.size === 0)
    throw badRequest('A LOCK without a body refreshes the lock that its If header names.')
  await call.files.stat(call.actor, call.path)
  const row = (await locksOn(call, call.path)).find(
    one => tokens.has(one.token) && one.user === call.actor.user,
  )
  if (!row) throw new Failure('precondition', 'dav/no-such-lock', 'This lock does not lie here any more.')
  const timeoutSeconds = parseTimeout(call.request.headers.timeout ?? `Second-${row.timeoutSeconds}`)
  await call.locks.refresh(row.token, timeoutSeconds)
  reply(call, { ...row, timeoutSeconds, endsAt: call.clock.now() + timeoutSeconds * 1000 }, 200)
}

function reply(call: DavCall, row: LockRow, status: number) {
  const content = renderLocks([row], call.clock.now(), one => hrefOf(call, one))
  const body = `<?xml version="1.0" encoding="utf-8"?>\n<d:prop xmlns:d="DAV:"><d:lockdiscovery>${content}</d:lockdiscovery></d:prop>`
  replyXml(call.response, status, body)
}
