import type { Socket } from 'node:net'

/** One JSON value a line, both ways. A longer line than this ends the connection. */
const maxLineBytes = 8 * 1024 * 1024

export function sendMessage(socket: Socket, message: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/** Calls `receive` for each message until the connection closes. What is no JSON ends it. */
export function readMessages(socket: Socket, receive: (message: unknown) => void): Promise<void> {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineBytes) return void socket.destroy()
    for (const line of lines) {
      if (socket.destroyed) return
      receiveLine(socket, line, receive)
    }
  })
  return new Promise(resolve => socket.once('close', () => resolve()))
}

function receiveLine(socket: Socket, line: string, receive: (message: unknown) => void) {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch (error) {
    socket.destroy(error as Error)
    return
  }
  receive(message)
}
