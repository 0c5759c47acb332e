import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import koffi from 'koffi'
import { closeDescriptor, PosixError, readAvailable } from '../../appliance/lib/posix.ts'
import { tempFolder } from './temp.ts'

/** What systemd is to a process: a socket, on which it hears how that is (sd_notify(3)). */
export interface ListeningManager {
  socket: string
  /** All that it was told so far. */
  heard(): string[]
}

const libc = koffi.load('libc.so.6')
const openSocket = libc.func('int socket(int domain, int type, int protocol)')
const bind = libc.func('int bind(int fd, const void *address, uint32_t addressSize)')

// unix(7): datagrams, without waiting; Node has no such socket.
const unixFamily = 1
const datagramNow = 2 | 0o4000

export async function listenAsManager(t: ExecutionContext): Promise<ListeningManager> {
  const socket = join(await tempFolder(t), 'notify')
  const fd: number = openSocket(unixFamily, datagramNow, 0)
  if (fd < 0) throw new PosixError('socket')
  t.teardown(() => closeDescriptor(fd))
  const address = Buffer.concat([Buffer.from([unixFamily, 0]), Buffer.from(socket)])
  if (bind(fd, address, address.length) !== 0) throw new PosixError('bind', socket)

  const said: string[] = []
  const datagram = Buffer.alloc(4096)
  const heard = () => {
    for (let size = readAvailable(fd, datagram); size > 0; size = readAvailable(fd, datagram))
      said.push(datagram.toString('utf8', 0, size))
    return said
  }
  return { socket, heard }
}
