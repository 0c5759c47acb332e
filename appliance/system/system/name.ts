import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { operation } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'
import { hostName } from '../schema.ts'

/** What tells the network the name of the box, and asks for it once, when it starts. */
const announcers = ['avahi-daemon.service', 'cairn-discovery.service']

/** What root does for the name of the box. `isImage`: the machine is Cairn's own; a developer's keeps its name. */
export function createNameOperations({ isImage }: { isImage: boolean }) {
  return {
    'system/apply-name': operation({
      input: z.strictObject({ name: hostName }),
      output: z.null(),
      async run({ name }) {
        if (!isImage) return null
        const { stdout } = await run(['hostname'])
        if (stdout.trim() === name) return null
        await writeFile('/etc/hostname', `${name}\n`)
        await writeFile('/etc/hosts', hosts(name))
        await run(['hostname', name])
        // Not waited for: while the box starts, they wait for the servers.
        await run(['systemctl', '--no-block', 'try-restart', ...announcers])
        return null
      },
    }),
  }
}

function hosts(name: string): string {
  return `127.0.0.1 localhost\n127.0.1.1 ${name}\n::1 localhost ip6-localhost ip6-loopback\n`
}
