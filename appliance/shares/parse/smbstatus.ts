import { z } from 'zod'

const output = z.object({
  sessions: z
    .record(z.string(), z.object({ username: z.string(), server_id: z.object({ pid: z.string() }) }))
    .default({}),
  tcons: z
    .record(
      z.string(),
      z.object({ service: z.string(), session_id: z.string(), server_id: z.object({ pid: z.string() }) }),
    )
    .default({}),
})

export interface SmbConnections {
  sessions: { user: string; pid: number }[]
  trees: { share: string; user: string; pid: number }[]
}

/** `smbstatus --json`: who is connected to what, and through which smbd process. */
export function parseSmbStatus(text: string): SmbConnections {
  const { sessions, tcons } = output.parse(JSON.parse(text))
  return {
    sessions: Object.values(sessions).map(({ username, server_id }) => ({
      user: username,
      pid: Number(server_id.pid),
    })),
    trees: Object.values(tcons).map(({ service, session_id, server_id }) => ({
      share: service,
      user: sessions[session_id]?.username ?? '',
      pid: Number(server_id.pid),
    })),
  }
}
