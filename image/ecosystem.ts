import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { serversFor } from '../appliance/tuning/plan/rules/processes.ts'

/** What pm2-runtime runs on the image, as the service account: as many servers as this machine has room for. */
const count = serversFor({ memoryBytes: totalmem(), cores: availableParallelism() })

export const apps = [
  {
    name: 'server',
    script: join(import.meta.dirname, 'main.js'),
    // All other settings, the agent's too, are in cairn.conf.
    // The threads are for the server alone: pm2-runtime itself reads next to no files.
    env: { CAIRN_SERVERS: String(count), UV_THREADPOOL_SIZE: '64' },
    exec_mode: 'cluster',
    instances: count,
    instance_var: 'CAIRN_INSTANCE',
    node_args: ['--max-semi-space-size=2', '--max-old-space-size=256'],
    // The journal has what they say, by pm2-runtime's own output.
    out_file: '/dev/null',
    error_file: '/dev/null',
    // Parts of pm2 that would sit in each server: its metrics, its look for a git checkout, source maps that are not here.
    pmx: false,
    vizion: false,
    disable_source_map_support: true,
    kill_timeout: 15_000,
    exp_backoff_restart_delay: 200,
  },
]
