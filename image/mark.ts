import { retry } from '../appliance/lib/retry.ts'
import { run } from '../appliance/lib/run.ts'

/** On a small box that has just started RAUC's service is slow to come, and slow to answer. */
const withinMs = 5 * 60_000
const pauseMs = 2_000

/**
 * Marks the slot that runs. RAUC's own program would ask its service for more first, and give up on it after 25 seconds. `env`
 * names another bus than the system's.
 */
export async function mark(state: 'good' | 'bad', env: Record<string, string> = {}): Promise<void> {
  const service = ['de.pengutronix.rauc', '/', 'de.pengutronix.rauc.Installer']
  const call = ['call', `--timeout=${withinMs / 1000}`, ...service, 'Mark', 'ss', state, 'booted']
  await retry(() => run(['busctl', ...call], { timeoutMs: withinMs, env }), { withinMs, pauseMs })
}
