import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry } from '../../files/index.ts'
import { type Depth, parseDepth } from '../parse/headers.ts'
import { parsePropfind } from '../parse/propfind.ts'
import { encodeSegment } from '../render/escape.ts'
import type { Extras } from '../render/live-properties.ts'
import { multistatusEnd, multistatusStart, planProperties } from '../render/multistatus.ts'
import { readXml } from '../service/body.ts'
import { replyXml } from '../service/reply.ts'

const extras: Extras = { instanceId: '', nowMs: 0, locks: [], hrefOf: () => '', quota: undefined }

/** PROPFIND of a folder that exists only as an address. */
export async function propfindVirtual(
  request: IncomingMessage,
  response: ServerResponse,
  { path, children }: { path: string; children: readonly string[] },
): Promise<void> {
  const plan = planProperties(parsePropfind(await readXml(request, response)))
  const depth: Depth = parseDepth(request.headers.depth, 'infinity')
  const base = path === '/' ? '/' : `${path}/`
  const shown = depth === '0' ? [] : children
  const responses = [
    plan.render(base, folder(path.split('/').at(-1) ?? ''), extras, []),
    ...shown.map(name => plan.render(`${base}${encodeSegment(name)}/`, folder(name), extras, [])),
  ]
  replyXml(response, 207, multistatusStart + responses.join('') + multistatusEnd)
}

/** It has no id, no time and no rights of its own. */
function folder(name: string): Entry {
  return {
    name,
    kind: 'folder',
    id: undefined,
    etag: undefined,
    size: 0,
    modifiedAtMs: 0,
    createdAtMs: undefined,
    right: 'read',
    isVolumeRoot: true,
    isAvailable: false,
    volume: 'home',
  }
}
