import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import express, { type Request, type Response, Router } from 'express'
import { trustPath } from './secured.ts'

const pagePolicy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "frame-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** The page that asks whether the browser trusts this box over HTTPS: on another port, and so another origin. */
const trustPolicy = `${pagePolicy}; connect-src 'self' https:`

/** Headers for everything that Express answers; what users uploaded gets stricter ones where it is served. */
export function securityHeaders(_request: Request, response: Response, next: () => void): void {
  response.setHeader('Content-Security-Policy', pagePolicy)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('X-Frame-Options', 'DENY')
  next()
}

export interface PagesDeps {
  webRoot: string
  isClaimed(): Promise<boolean>
}

const yearSeconds = 365 * 24 * 3600

/** The built pages: the app at `/`, the wizard at `/setup`. An unclaimed box leads to the wizard. */
export function createPages({ webRoot, isClaimed }: PagesDeps): Router {
  const router = Router()
  const page = (name: string) => (_request: Request, response: Response) => {
    const file = join(webRoot, name, 'index.html')
    response.setHeader('Cache-Control', 'no-cache')
    if (existsSync(file)) response.sendFile(file)
    else
      response
        .status(503)
        .type('text/plain')
        .send('The pages are not built yet. Run scripts/start, which builds them.')
  }
  const assets = (name: string) =>
    express.static(join(webRoot, name), {
      index: false,
      redirect: false,
      setHeaders: (response, path) => {
        const isHashed = path.includes('/assets/')
        response.setHeader(
          'Cache-Control',
          isHashed ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
        )
      },
    })
  router.use('/setup', assets('setup'))
  router.get(['/setup', '/setup/{*rest}'], page('setup'))
  router.use(assets('app'))
  router.get(trustPath, (request, response) => {
    response.setHeader('Content-Security-Policy', trustPolicy)
    page('app')(request, response)
  })
  router.get('/{*rest}', async (request, response, next) => {
    if (request.path.startsWith('/api/') || !request.accepts('html')) return next()
    if (!(await isClaimed())) return response.redirect(302, '/setup')
    page('app')(request, response)
  })
  return router
}

const docsPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cairn API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/start.js"></script></body></html>`
const docsStart = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#docs', deepLinking: true })`

/** The API's documentation by Swagger UI, from this box. */
export function createDocs(): Router {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const router = Router()
  router.get('/', (_request, response) => void response.type('html').send(docsPage))
  router.get('/start.js', (_request, response) => void response.type('js').send(docsStart))
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    router.get(`/${name}`, (_request, response) => response.sendFile(join(folder, name)))
  }
  return router
}
