import type { IncomingMessage, ServerResponse } from 'node:http'

export interface SecuredDeps {
  httpsPort: number
  /** Until there is one everything is served over HTTP: nobody can have installed the authority yet. */
  claim(): Promise<Claim | null>
  /** Whether programs are served over HTTP as well. */
  isPlainAllowed(): boolean
  /** Where the authority can be had. */
  authorityPath: string
  now?: () => number
}

/** Since when a box is somebody's, and whether by the wizard, of which somebody still reads the last page. */
export interface Claim {
  atMs: number
  isByWizard: boolean
}

/** Where people learn how to trust this box, and from where they are led on. */
export const trustPath = '/trust'
const graceMs = 15 * 60_000
const plainPaths = ['/health/live', '/health/ready', '/api/v1/network/certificate', trustPath] as const
/** What the wizard is made of, and asks. */
const wizardPaths = /^\/(setup|api\/v1)(\/|$)/

/**
 * Answers over HTTP what belongs to HTTPS, and tells whether it did. People are led over the page that says how to
 * trust this box; programs are told the address (308: the method stays), unless they may go on over HTTP.
 */
export function createSecured(deps: SecuredDeps) {
  const { httpsPort, claim, isPlainAllowed, authorityPath, now = Date.now } = deps
  const open = new Set<string>([...plainPaths, authorityPath])
  /** Undefined until the box is claimed, which it stays. */
  let wizardEndsAtMs: number | undefined

  async function isServed(path: string): Promise<boolean> {
    if (open.has(path) || path.startsWith('/assets/')) return true
    wizardEndsAtMs ??= endOf(await claim())
    return wizardEndsAtMs === undefined || (now() < wizardEndsAtMs && wizardPaths.test(path))
  }

  /** A clock that was set in between does not make it longer. */
  function endOf(claimed: Claim | null): number | undefined {
    if (!claimed) return undefined
    return claimed.isByWizard ? Math.min(claimed.atMs, now()) + graceMs : 0
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const [path = '/', search] = (request.url ?? '/').split(/(\?.*)/s)
    if (await isServed(path)) return false
    const isPerson = request.method === 'GET' && (request.headers.accept?.includes('text/html') ?? false)
    if (!isPerson && isPlainAllowed()) return false
    const host = hostOf(request)
    if (host === undefined || !path.startsWith('/')) {
      response.writeHead(400, { 'Content-Length': 0, Connection: 'close' }).end()
      return true
    }
    const there = `https://${host}${httpsPort === 443 ? '' : `:${httpsPort}`}${path}${search ?? ''}`
    if (isPerson) lead(response, 302, `${trustPath}?to=${encodeURIComponent(path + (search ?? ''))}`, '')
    else lead(response, 308, there, `This box is reached over HTTPS: ${there}\n`)
    return true
  }
}

/** The text is for who reads what a program was told and did not follow. */
function lead(response: ServerResponse, status: number, location: string, text: string) {
  response
    .writeHead(status, {
      Location: location,
      'Cache-Control': 'no-store',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
    })
    .end(text)
}

/** Without its port; undefined where it is none. */
export function hostOf({ headers: { host } }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/i.exec(host ?? '')?.[1]
}
