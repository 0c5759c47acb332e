import type { IncomingMessage, ServerResponse } from 'node:http'

export interface SecuredDeps {
  httpsPort: number
  /** Until then the wizard is served, to people who cannot have installed the authority yet. */
  isClaimed(): Promise<boolean>
  /** Where the authority can be had. */
  authorityPath: string
  now?: () => number
}

/** Where people learn how to trust this box, and from where they are led on. */
export const trustPath = '/trust'
/** Whoever has just set the box up still reads the last page of the wizard. */
const graceMs = 15 * 60_000
const plainPaths = ['/health/live', '/health/ready', '/api/v1/network/certificate', trustPath] as const

/**
 * Answers over HTTP what belongs to HTTPS, and tells whether it did. People are led over the page that says how to
 * trust this box; programs are told the address (308: the method stays).
 */
export function createSecured({ httpsPort, isClaimed, authorityPath, now = Date.now }: SecuredDeps) {
  const open = new Set<string>([...plainPaths, authorityPath])
  let wasClaimed: boolean | undefined
  let openUntilMs = 0

  async function isOpen(): Promise<boolean> {
    if (wasClaimed) return now() < openUntilMs
    const isNow = await isClaimed()
    if (isNow && wasClaimed === false) openUntilMs = now() + graceMs
    wasClaimed = isNow
    return !isNow || now() < openUntilMs
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const [path = '/', search] = (request.url ?? '/').split(/(\?.*)/s)
    if ((await isOpen()) || open.has(path) || path.startsWith('/assets/')) return false
    const host = hostOf(request)
    if (host === undefined || !path.startsWith('/')) {
      response.writeHead(400, { 'Content-Length': 0, Connection: 'close' }).end()
      return true
    }
    const isPerson = request.method === 'GET' && (request.headers.accept?.includes('text/html') ?? false)
    const there = `https://${host}${httpsPort === 443 ? '' : `:${httpsPort}`}${path}${search ?? ''}`
    const to = isPerson ? `${trustPath}?to=${encodeURIComponent(path + (search ?? ''))}` : there
    response
      .writeHead(isPerson ? 302 : 308, { Location: to, 'Cache-Control': 'no-store', 'Content-Length': 0 })
      .end()
    return true
  }
}

/** Without its port; undefined where it is none. */
export function hostOf({ headers: { host } }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/i.exec(host ?? '')?.[1]
}
