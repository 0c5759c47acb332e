import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

const waiting = new WeakSet<IncomingMessage>()

/** Leaves it to whoever handles a request with `Expect: 100-continue` to ask for its body, once it will be read. */
export function holdBodies(server: Server, listener: RequestListener): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request)
    listener(request, response as Parameters<RequestListener>[1])
  })
}

/** Says `100 Continue` to a client that waits for it. */
export function inviteBody(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue()
}
