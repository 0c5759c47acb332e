import { Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Activity } from '../api/journal.ts'
import { dayOf, formatDayHead } from '../kit/format/day.ts'
import classes from './activity-list.module.css'
import { ActivityRow } from './activity-row.tsx'

/** Changes under the day on which they were made, as they come: the newest first. */
export function ActivityList({
  entries,
  isShort = false,
}: {
  entries: readonly Activity[]
  isShort?: boolean
}) {
  const { i18n } = useTranslation()
  const now = new Date()
  return byDay(entries).map(({ day, date, changes }) => (
    <section key={day} className={classes.day} aria-label={formatDayHead(date, now, i18n.language)}>
      <Title order={isShort ? 3 : 2} size="h5" className={classes.date}>
        {formatDayHead(date, now, i18n.language)}
      </Title>
      <ol className={classes.rows}>
        {changes.map(({ activity, key }) => (
          <ActivityRow key={key} activity={activity} isShort={isShort} />
        ))}
      </ol>
    </section>
  ))
}

interface Day {
  day: string
  date: Date
  changes: { activity: Activity; key: string }[]
}

function byDay(entries: readonly Activity[]): Day[] {
  const days: Day[] = []
  const seen = new Map<string, number>()
  for (const activity of entries) {
    const date = new Date(activity.at)
    const day = dayOf(date)
    let last = days.at(-1)
    if (last?.day !== day) {
      last = { day, date, changes: [] }
      days.push(last)
    }
    // Two changes may agree in all that is told of them.
    const same = `${activity.at} ${activity.what} ${activity.volume} ${activity.path} ${activity.id}`
    const number = seen.get(same) ?? 0
    seen.set(same, number + 1)
    last.changes.push({ activity, key: `${same} ${number}` })
  }
  return days
}
