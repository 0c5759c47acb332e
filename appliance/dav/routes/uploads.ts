import { bareFolder, type Entry } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { badRequest, methodNotAllowed } from '../errors.ts'
import { pathOf } from '../parse/address.ts'
import { parseBytes, parseDepth, parseModified, parseOverwrite } from '../parse/headers.ts'
import { parsePropfind } from '../parse/propfind.ts'
import { encodeSegment, escapeText } from '../render/escape.ts'
import type { Extras } from '../render/live-properties.ts'
import { multistatusEnd, multistatusStart, planProperties } from '../render/multistatus.ts'
import { bodyOf, hasBody, readXml } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { announcedChecksums, setWrittenChecksums } from '../service/checksum.ts'
import { destinationOf } from '../service/destination.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty, replyXml, setEntryHeaders } from '../service/reply.ts'
import { forClient, makeParents } from './put.ts'

/** A request for a transfer, or for one of its chunks. */
export interface UploadCall extends DavCall {
  transfer: string
  chunk: string | undefined
}

/** What stands for the whole among the chunks: moved, it becomes the file. */
const wholeName = '.file'

/** Chunked upload as clients of Nextcloud do it, versions 1 and 2. */
export const uploadVerbs: ReadonlyMap<string, (call: UploadCall) => Promise<void>> = new Map([
  ['MKCOL', begin],
  ['PUT', put],
  ['PROPFIND', propfind],
  ['DELETE', remove],
  ['MOVE', finish],
])

async function begin(call: UploadCall) {
  const { request, response, files, actor, transfer, chunk } = call
  if (chunk !== undefined) throw methodNotAllowed()
  if (hasBody(request)) throw new Failure('invalid', 'dav/wrong-type', 'MKCOL takes no body.')
  const { destination } = request.headers
  await files.uploads.begin(actor, transfer, {
    ...totalOf(call),
    ...(destination === undefined ? {} : { destination: destinationOf(call) }),
  })
  replyEmpty(response, 201)
}

async function put(call: UploadCall) {
  const { request, response, files, actor, transfer, chunk } = call
  if (chunk === undefined || chunk === wholeName) throw methodNotAllowed()
  const size = parseBytes(request.headers['content-length'])
  const offset = parseBytes(request.headers['oc-chunk-offset'])
  await files.uploads.put(actor, transfer, chunk, bodyOf(request, response), {
    ...totalOf(call),
    ...(size === undefined ? {} : { size }),
    ...(offset === undefined ? {} : { offset }),
  })
  replyEmpty(response, 201)
}

async function remove({ response, files, actor, transfer, chunk }: UploadCall) {
  if (chunk === undefined) await files.uploads.remove(actor, transfer)
  else await files.uploads.removeChunk(actor, transfer, chunk)
  replyEmpty(response, 204)
}

async function finish(call: UploadCall) {
  const { request, response, files, actor, transfer, chunk } = call
  if (chunk !== wholeName) throw methodNotAllowed('Only .file can be moved.')
  const modifiedAtMs = parseModified(request.headers['x-oc-mtime'])
  // Preconditions are about what the file shall become, not about the chunks.
  const target = { ...call, path: destinationOf(call) }
  const tokens = await checkIf(target)
  await makeParents(target)
  const conditions = conditionsOf(target)
  let isAdded = true
  const requireOpen = () => requireUnlocked(target, [{ path: target.path, changesParent: isAdded }], tokens)
  const { entry, isNew, checksums } = await files.uploads
    .finish(actor, transfer, target.path, {
      ...totalOf(call),
      overwrite: parseOverwrite(request.headers.overwrite),
      expectedChecksums: announcedChecksums(request),
      precondition(current) {
        isAdded = current === undefined
        conditions(current)
      },
      beforeJoin: requireOpen,
      beforeCommit: requireOpen,
      ...(modifiedAtMs === undefined ? {} : { modifiedAtMs }),
    })
    .catch((error: unknown) => {
      throw forUpload(target, error)
    })
  setEntryHeaders(response, entry, call.instanceId)
  setWrittenChecksums(request, response, checksums)
  if (modifiedAtMs !== undefined) response.setHeader('X-OC-MTime', 'accepted')
  replyEmpty(response, isNew ? 201 : 204)
}

function forUpload(call: DavCall, error: unknown): unknown {
  if (error instanceof Failure && error.code === 'files/is-a-folder') return badRequest(error.message)
  return forClient(call, error)
}

function totalOf({ request }: UploadCall): { totalBytes?: number } {
  const totalBytes = parseBytes(request.headers['oc-total-length'])
  return totalBytes === undefined ? {} : { totalBytes }
}

/** The chunks that are there, which a client that goes on with an upload adds up. */
async function propfind(call: UploadCall) {
  const { request, response, files, actor, transfer, chunk } = call
  const plan = planProperties(parsePropfind(await readXml(request, response)))
  const { chunks, totalBytes, modifiedAtMs } = await files.uploads.list(actor, transfer)
  const all = [...chunks, { name: wholeName, size: totalBytes }].map(one => fileEntry(one, modifiedAtMs))
  const depth = parseDepth(request.headers.depth, 'infinity')
  const asked = pathOf(request.url ?? '/').replace(/\/+$/, '')
  const extras = { ...noExtras, instanceId: call.instanceId, nowMs: call.clock.now() }
  const show = (href: string, entry: Entry) => plan.render(escapeText(href), entry, extras, [])
  const found = all.filter(entry => chunk === undefined || entry.name === chunk)
  if (found.length === 0) throw new Failure('missing', 'files/missing', 'There is no such chunk.')
  const responses =
    chunk === undefined
      ? [
          show(`${asked}/`, folderEntry(transfer, modifiedAtMs)),
          ...(depth === '0' ? [] : found.map(one => show(`${asked}/${encodeSegment(one.name)}`, one))),
        ]
      : found.map(one => show(asked, one))
  replyXml(response, 207, multistatusStart + responses.join('') + multistatusEnd)
}

const noExtras: Extras = { instanceId: '', nowMs: 0, locks: [], hrefOf: () => '', quota: undefined }

function fileEntry({ name, size }: { name: string; size: number }, modifiedAtMs: number): Entry {
  return { ...folderEntry(name, modifiedAtMs), kind: 'file', size }
}

/** It has no id and no etag: it is not part of anybody's files. */
function folderEntry(name: string, modifiedAtMs: number): Entry {
  const own = { modifiedAtMs, right: 'write', isVolumeRoot: false, isAvailable: true } as const
  return { ...bareFolder(name), ...own }
}
