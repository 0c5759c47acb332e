import type { NetworkCard, RawFacts } from '../schema/index.ts'
import { countOf, lineOf, namesAt } from './kernel-text.ts'

/** Cards with hardware behind them, or with what a hypervisor gives for it; no bridges, no tunnels. */
export function parseNetwork(raw: RawFacts): NetworkCard[] {
  return namesAt(raw, '/sys/class/net/', '/operstate')
    .filter(name => raw.links[`/sys/class/net/${name}/device/driver`] !== undefined)
    .map(name => cardOf(raw, name))
}

function cardOf(raw: RawFacts, name: string): NetworkCard {
  const at = `/sys/class/net/${name}`
  const queues = namesAt(raw, `${at}/queues/rx-`, '/rps_cpus')
  return {
    name,
    driver: raw.links[`${at}/device/driver`] ?? null,
    isUp: lineOf(raw, `${at}/operstate`) === 'up',
    mbitPerSecond: countOf(raw, `${at}/speed`),
    mtu: countOf(raw, `${at}/mtu`),
    receiveQueues: Math.max(1, queues.length),
    spreadsReceive: queues.some(queue =>
      /[1-9a-f]/.test(lineOf(raw, `${at}/queues/rx-${queue}/rps_cpus`) ?? ''),
    ),
    offloads: parseOffloads(raw.printed[`ethtool -k ${name}`]),
  }
}

/** ethtool(8), `-k`: `tcp-segmentation-offload: on`, `rx-gro-list: off [fixed]`; sub-features are indented. */
function parseOffloads(printed: string | undefined): string[] | null {
  if (printed === undefined) return null
  return [...printed.matchAll(/^([a-z][\w-]*): on\b/gm)].map(match => String(match[1]))
}
