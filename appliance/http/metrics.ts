import type { IncomingMessage, ServerResponse } from 'node:http'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** Times one request; call it as the request arrives. */
  observe(face: string, request: IncomingMessage, response: ServerResponse): void
  /** Adds a figure that is read when Prometheus asks. */
  gauge(
    name: string,
    help: string,
    labels: string[],
    read: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  ): void
  render(): Promise<{ contentType: string; text: string }>
}

/** Figures of this server process for Prometheus, in its text format. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ server: String(process.pid) })
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram({
    name: 'cairn_http_request_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['face', 'method', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  })
  return {
    observe(face, request, response) {
      const startedAt = performance.now()
      response.once('close', () => {
        const labels = {
          face,
          method: request.method ?? '',
          status: `${Math.trunc(response.statusCode / 100)}xx`,
        }
        duration.observe(labels, (performance.now() - startedAt) / 1000)
      })
    },
    gauge(name, help, labelNames, read) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        async collect() {
          gauge.reset()
          for (const { labels, value } of await read()) gauge.set(labels, value)
        },
      })
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
