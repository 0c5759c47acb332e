import type { ServerResponse } from 'node:http'
import { replyEmpty } from '../service/reply.ts'

export const allowed =
  'OPTIONS, GET, HEAD, PUT, PATCH, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK'

/** OPTIONS. Windows looks for `MS-Author-Via` before it believes in WebDAV at all. */
export function options(response: ServerResponse): void {
  response.setHeader('DAV', '1, 2, 3')
  response.setHeader('MS-Author-Via', 'DAV')
  response.setHeader('Allow', allowed)
  response.setHeader('Accept-Ranges', 'bytes')
  replyEmpty(response, 200)
}
