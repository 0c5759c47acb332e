export interface OriginHeaders {
  'sec-fetch-site'?: string | string[] | undefined
  origin?: string | undefined
  host?: string | undefined
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

export function isSafe(method: string | undefined): boolean {
  return safeMethods.has(method ?? '')
}

/** The browser says that our own page asks: by Sec-Fetch-Site, or (plain http has none) by an Origin like our Host. */
export function isOwnPage(headers: OriginHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return headers.origin !== undefined && hostOf(headers.origin) === headers.host?.toLowerCase()
}

/** A browser says that another site's page asks. Programs that are no browser say nothing, and are not another site. */
export function isForeignPage(headers: OriginHeaders): boolean {
  const saysSomething = headers['sec-fetch-site'] !== undefined || headers.origin !== undefined
  return saysSomething && !isOwnPage(headers)
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
