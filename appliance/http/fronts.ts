import type { IncomingMessage, RequestListener } from 'node:http'
import type { Certificates } from '../network/service/certificates.ts'
import { createSecured, type SecuredDeps } from './secured.ts'
import { createHttpServer, type HttpServer } from './server.ts'

export interface FrontsDeps extends Pick<SecuredDeps, 'authorityPath' | 'claim' | 'isPlainAllowed'> {
  port: number
  https: { port: number; isRequired: boolean } | null
  isShared: boolean
  listener: RequestListener
  certificates: Certificates
}

/** HTTP, and HTTPS beside it where that is wanted and a certificate can be had. */
export function createFronts(deps: FrontsDeps): Pick<HttpServer, 'leave' | 'stop' | 'setSuites'> & {
  /** Before `start`: what needs nothing but this process is answered over HTTP, and whatever else is asked waits. */
  open(): Promise<void>
  start(): Promise<void>
} {
  const { port, https, isShared, listener, certificates } = deps
  const secured = https?.isRequired ? createSecured({ ...deps, httpsPort: https.port }) : undefined
  const whole = Promise.withResolvers<void>()
  const plain = createHttpServer({
    port,
    isShared,
    async listener(request, response) {
      if (!isEarly(request)) await whole.promise
      // Without a certificate files are worth more than secrecy on the way.
      if (secured && certificates.current() && (await secured(request, response).catch(() => false))) return
      listener(request, response)
    },
  })
  let secure: HttpServer | undefined
  let suites: readonly string[] | undefined

  let isOpen = false

  return {
    async open() {
      await plain.start()
      isOpen = true
    },
    async start() {
      const credentials = https ? await certificates.start() : undefined
      if (https && credentials) {
        const server = createHttpServer({ port: https.port, isShared, listener, credentials })
        if (suites) server.setSuites(suites)
        certificates.onChanged(server.setCredentials)
        await server.start()
        secure = server
      }
      if (!isOpen) await plain.start()
      whole.resolve()
    },
    setSuites(next) {
      suites = next
      secure?.setSuites(next)
    },
    async leave() {
      await Promise.all([plain.leave(), secure?.leave()])
    },
    async stop() {
      whole.resolve()
      certificates.stop()
      await Promise.all([plain.stop(), secure?.stop()])
    },
  }
}

/** A sign of life, and the wizard as it looks before it asks for anything. */
function isEarly({ method, url = '' }: IncomingMessage): boolean {
  const path = url.replace(/[?#].*/, '')
  return method === 'GET' && (path === '/health/live' || path === '/setup' || path.startsWith('/assets/'))
}
