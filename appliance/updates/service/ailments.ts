import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { HealthReport } from '../../health/index.ts'
import { readKept } from './kept.ts'

const keys = z.array(z.string())

/** What ailed the box before an update is not the new version's fault. */
export function createAilments({ dataDir }: { dataDir: string }) {
  const folder = join(dataDir, 'updates')
  const file = join(folder, 'ailments.json')

  return {
    async remember(report: HealthReport): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(file, JSON.stringify(dangersOf(report)))
    },
    async hasNew(report: HealthReport): Promise<boolean> {
      const before = (await readKept(file, keys)) ?? []
      return dangersOf(report).some(one => !before.includes(one))
    },
  }
}

export type Ailments = ReturnType<typeof createAilments>

function dangersOf({ issues }: HealthReport): string[] {
  return issues
    .filter(({ severity }) => severity === 'danger')
    .map(({ code, subject = '' }) => `${code} ${subject}`)
}
