import type { IncomingMessage, ServerResponse } from 'node:http'
import { bareFolder } from '../../files/index.ts'
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
    plan.render(base, bareFolder(path.split('/').at(-1) ?? ''), extras, []),
    ...shown.map(name => plan.render(`${base}${encodeSegment(name)}/`, bareFolder(name), extras, [])),
  ]
  replyXml(response, 207, multistatusStart + responses.join('') + multistatusEnd)
}
