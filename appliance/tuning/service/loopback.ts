import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { rounded } from './speeds.ts'

const chunk = Buffer.alloc(64 * 1024)
const lookMs = 500

/** What one process sends and receives by TCP without a network between. Null: this machine lets it not listen. */
export async function loopbackSpeed(signal: AbortSignal): Promise<number | null> {
  const server = createServer()
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return await transfer(server, signal)
  } finally {
    server.close()
  }
}

async function transfer(
  server: ReturnType<typeof createServer>,
  signal: AbortSignal,
): Promise<number | null> {
  const address = server.address()
  if (address === null || typeof address === 'string') return null
  const sender = new Socket()
  const accepted = once(server, 'connection') as Promise<[Socket]>
  sender.connect(address.port, '127.0.0.1')
  const [receiver] = await accepted
  let received = 0
  receiver.on('data', data => {
    received += data.length
  })
  for (const socket of [sender, receiver]) socket.on('error', () => socket.destroy())
  const send = () => {
    while (!sender.destroyed && sender.write(chunk)) signal.throwIfAborted()
  }
  sender.on('drain', send)
  const from = performance.now()
  try {
    send()
    await delay(lookMs, undefined, { signal })
    return rounded(received / 1e6 / ((performance.now() - from) / 1000))
  } finally {
    sender.destroy()
    receiver.destroy()
  }
}
