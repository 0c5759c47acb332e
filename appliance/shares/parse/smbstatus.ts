import { z } from 'zod'

const output = z.object({
  sessions: z
    .record(
      z.string(),
      z.object({
        username: z.string(),
        server_id: z.object({ pid: z.string() }),
        remote_machine: z.string().default(''),
        hostname: z.string().default(''),
      }),
    )
    .default({}),
  tcons: z
    .record(
      z.string(),
      z.object({ service: z.string(), session_id: z.string(), server_id: z.object({ pid: z.string() }) }),
    )
    .default({}),
})

export interface SmbConnections {
  sessions: { user: string; pid: number; address: string | null; machine: string | null }[]
  trees: { share: string; user: string; pid: number }[]
}

/** `smbstatus --json`: who is connected to what, and through which smbd process. */
export function parseSmbStatus(text: string): SmbConnections {
  const { sessions, tcons } = output.parse(JSON.parse(text))
  return {
    sessions: Object.values(sessions).map(({ username, server_id, remote_machine, hostname }) => ({
      user: username,
      pid: Number(server_id.pid),
      address: addressIn(hostname),
      machine: remote_machine || null,
    })),
    trees: Object.values(tcons).map(({ service, session_id, server_id }) => ({
      share: service,
      user: sessions[session_id]?.username ?? '',
      pid: Number(server_id.pid),
    })),
  }
}

/** `ipv4:192.0.2.7:50212`, `ipv6:fe80::1:50212`. */
function addressIn(hostname: string): string | null {
  return /^ipv[46]:(.+):\d+$/.exec(hostname)?.[1] ?? null
}
