import type { RequestListener } from 'node:http'
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
export function createFronts(
  deps: FrontsDeps,
): Pick<HttpServer, 'leave' | 'stop' | 'setSuites'> & { start(): Promise<void> } {
  const { port, https, isShared, listener, certificates } = deps
  const secured = https?.isRequired ? createSecured({ ...deps, httpsPort: https.port }) : undefined
  const plain = createHttpServer({
    port,
    isShared,
    async listener(request, response) {
      // Without a certificate files are worth more than secrecy on the way.
      if (secured && certificates.current() && (await secured(request, response).catch(() => false))) return
      listener(request, response)
    },
  })
  let secure: HttpServer | undefined
  let suites: readonly string[] | undefined

  return {
    async start() {
      const credentials = https ? await certificates.start() : undefined
      if (https && credentials) {
        const server = createHttpServer({ port: https.port, isShared, listener, credentials })
        if (suites) server.setSuites(suites)
        certificates.onChanged(server.setCredentials)
        await server.start()
        secure = server
      }
      await plain.start()
    },
    setSuites(next) {
      suites = next
      secure?.setSuites(next)
    },
    async leave() {
      await Promise.all([plain.leave(), secure?.leave()])
    },
    async stop() {
      certificates.stop()
      await Promise.all([plain.stop(), secure?.stop()])
    },
  }
}
