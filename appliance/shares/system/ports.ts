import { createConnection, createServer } from 'node:net'
import { errnoOf } from '../../lib/failure.ts'

export function isAccepting(port: number, host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host })
    const answer = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', error => (errnoOf(error) === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
