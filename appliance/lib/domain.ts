import type { Route } from '../http/route.ts'
import type { NamedMigration } from './database.ts'

/** The unit of extension: what one domain brings to a server, in one ordered list in `app.ts`. */
export interface Domain {
  name: string
  migrations?: readonly NamedMigration[]
  routes?: readonly Route[]
  checks?: readonly HealthCheck[]
  start?(): Promise<void>
  stop?(): Promise<void>
}

export interface HealthIssue {
  /** Stable, `storage/pool-degraded`; with `subject` it tells two issues of a kind apart. */
  code: string
  subject?: string
  severity: 'warning' | 'danger'
  title: string
  detail: string
  suggestions: { label: string; href?: string }[]
}

/** Looks at one thing; cheap, since `GET /health` asks for it. Throws only for bugs. */
export type HealthCheck = () => Promise<HealthIssue[]>
