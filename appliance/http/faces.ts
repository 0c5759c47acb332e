import express, { type Express } from 'express'
import type { Log } from '../lib/log.ts'
import { createErrorReply } from './errors.ts'
import type { Metrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { createDocs, createPages, securityHeaders } from './pages.ts'
import { createRouter, type Route, type RouteGuards } from './route.ts'

export interface FacesDeps {
  routes: readonly Route[]
  guards: RouteGuards
  metrics: Metrics
  webRoot: string
  version: string
  isClaimed(): Promise<boolean>
  /** What is not ready, in words; empty when every face answers. */
  notReady(): Promise<string[]>
  log: Log
}

/** What Express answers: REST, its documentation, health, metrics and the pages. WebDAV is answered before it. */
export function createFaces(deps: FacesDeps): Express {
  const { routes, guards, metrics, version, notReady, log } = deps
  const document = openApiDocument(routes, version)
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(securityHeaders)
  app.get('/health/live', (_request, response) => void response.json({ state: 'live' }))
  app.get('/health/ready', async (_request, response) => {
    const waitingFor = await notReady()
    response
      .status(waitingFor.length === 0 ? 200 : 503)
      .json({ state: waitingFor.length === 0 ? 'ready' : 'waiting', waitingFor })
  })
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await metrics.render()
    response.setHeader('Content-Type', contentType)
    response.end(text)
  })
  app.get(
    '/status.php',
    (_request, response) => void response.set('Access-Control-Allow-Origin', '*').json(clientStatus),
  )
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(document))
  app.use('/api/docs', createDocs())
  app.use('/api/v1', createRouter(routes, guards))
  app.use(createPages(deps))
  app.use((request, response) => {
    response.status(404).json({
      error: { code: 'http/not-found', message: `There is nothing at ${request.path}.`, details: {} },
    })
  })
  app.use(createErrorReply(log))
  return app
}

/** What sync clients ask first: the protocol level we speak, and who we are. */
const clientStatus = {
  installed: true,
  maintenance: false,
  needsDbUpgrade: false,
  version: '32.0.1.2',
  versionstring: '32.0.1',
  edition: '',
  productname: 'Cairn',
  extendedSupport: false,
}
