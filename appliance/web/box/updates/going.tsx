import { Progress, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Job, jobsQuery } from '../../api/box.ts'
import { Card } from '../../kit/sheet.tsx'

const kinds = ['updates/download', 'updates/install', 'updates/take']

/** The one that is working on an update: there is one place for it. */
export function useUpdateJob(): Job | undefined {
  const jobs = useQuery(jobsQuery)
  return jobs.data?.find(({ kind, state }) => kinds.includes(kind) && state === 'running')
}

export function Going({ label, fraction }: { label: string; fraction: number | null }) {
  return (
    <Card>
      <Stack gap={8} aria-live="polite">
        <Text>{label}</Text>
        <Progress value={(fraction ?? 0) * 100} aria-label={label} animated={fraction === null} />
      </Stack>
    </Card>
  )
}
