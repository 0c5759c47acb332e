import { Progress, Text } from '@mantine/core'
import type { Job } from '../../api/box.ts'

/** How far the work is that this part of the page waits for. It can be cancelled in the tray. */
export function JobProgress({ job }: { job: Job }) {
  const percent = job.fraction === null ? '' : ` · ${Math.floor(job.fraction * 100)} %`
  return (
    <div>
      <Progress
        value={(job.fraction ?? 1) * 100}
        animated={job.fraction === null}
        size={6}
        aria-label={job.title}
      />
      <Text size="sm" c="dimmed" mt={4} className="tabular unbroken">
        {job.message || job.title}
        {percent}
      </Text>
    </div>
  )
}
