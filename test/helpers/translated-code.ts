import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { errnoOf } from '../../appliance/lib/failure.ts'
import { eventually } from './cairn.ts'

/** Sockets of a QEMU: `monitor` speaks its machine protocol (`-qmp`), `debugger` that of gdb (`-gdb`). */
export interface Sockets {
  monitor: string
  debugger: string
}

/**
 * QEMU without KVM keeps what it has translated of the guest's code in lists, one for each page of memory, and a guest that
 * starts again leaves them as they are. Where the stack of the firmware comes to lie in a page that held much code before,
 * each write to it goes through all of that, the next tick of the timer comes before the last one was served, and the start
 * gets nowhere. So all of it is forgotten when the guest starts again, which in QEMU 7.2 only a step of a debugger brings
 * about. Ends with QEMU.
 */
export async function forgetCodeAtResets({ monitor, debugger: path }: Sockets): Promise<void> {
  const socket = await connectTo(monitor)
  socket.write(`${JSON.stringify({ execute: 'qmp_capabilities' })}\n`)
  await untilHungUp(async () => {
    for await (const line of createInterface({ input: socket }))
      if (JSON.parse(line).event === 'RESET') await stepOnce(path)
  })
}

/** Packets are described in gdb's manual, "Remote Protocol". */
async function stepOnce(path: string): Promise<void> {
  const socket = await connectTo(path)
  // Who connects stops the machine; a step; and it goes on.
  const exchange = [
    { said: '$T02', packet: '$s#73' },
    { said: '$T05', packet: '$D#44' },
    { said: '$OK', packet: '' },
  ]
  let said = ''
  await untilHungUp(async () => {
    for await (const data of socket) {
      said += data
      while (exchange[0] && said.includes(exchange[0].said)) socket.write(`+${exchange.shift()?.packet}`)
      if (exchange.length === 0) return
    }
  })
}

async function connectTo(path: string): Promise<Socket> {
  let connected: Socket | undefined
  await eventually(async () => {
    const socket = createConnection(path)
    connected = await once(socket, 'connect').then(
      () => socket,
      () => undefined,
    )
    return connected !== undefined
  }, 60_000)
  if (!connected) throw new Error(`${path} is not there`)
  return connected
}

async function untilHungUp(listen: () => Promise<void>): Promise<void> {
  try {
    await listen()
  } catch (error) {
    if (errnoOf(error) !== 'ECONNRESET' && errnoOf(error) !== 'EPIPE') throw error
  }
}
