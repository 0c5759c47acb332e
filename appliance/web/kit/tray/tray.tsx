import { ActionIcon, Button, Group, Progress, Text } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './tray.module.css'

export interface Work {
  id: string
  title: string
  /** Progress, speed, time left; afterwards, how it ended. */
  detail: string
  /** 0 to 1; null while unknown. */
  fraction: number | null
  state: 'running' | 'done' | 'failed'
  /** Cancels what runs. */
  onCancel?: () => void
  /** Takes what has ended off the tray. */
  onDismiss?: () => void
  children?: ReactNode
}

/** Work over a second, at the bottom right. It can be folded, and leaves when nothing is left to say. */
export function Tray({ works }: { works: readonly Work[] }) {
  const { t } = useTranslation()
  const [isFolded, setFolded] = useState(false)
  if (works.length === 0) return null
  const running = works.filter(work => work.state === 'running').length
  const title = running > 0 ? t('tray.running', { count: running }) : t('tray.done')
  const Fold = isFolded ? IconChevronUp : IconChevronDown
  return (
    <section className={classes.tray} aria-label={t('tray.label')}>
      <Group justify="space-between" className={classes.head}>
        <Text fw={600} role="status">
          {title}
        </Text>
        <ActionIcon
          aria-label={t(isFolded ? 'tray.unfold' : 'tray.fold')}
          aria-expanded={!isFolded}
          onClick={() => setFolded(!isFolded)}
        >
          <Fold size={20} />
        </ActionIcon>
      </Group>
      {!isFolded && (
        <ul className={classes.works}>
          {works.map(work => (
            <WorkItem key={work.id} work={work} />
          ))}
        </ul>
      )}
    </section>
  )
}

function WorkItem({ work }: { work: Work }) {
  const { t } = useTranslation()
  const { title, detail, fraction, state, onCancel, onDismiss, children } = work
  return (
    <li className={classes.work}>
      <Group gap={8} wrap="nowrap">
        {state !== 'running' && <StateIcon state={state} />}
        <Text className={classes.title} title={title}>
          {title}
        </Text>
        {state === 'running' && onCancel && (
          <Button variant="subtle" size="sm" onClick={onCancel} aria-label={t('tray.cancelOne', { title })}>
            {t('cancel')}
          </Button>
        )}
        {state !== 'running' && onDismiss && (
          <ActionIcon aria-label={t('tray.dismiss', { title })} onClick={onDismiss}>
            <IconX size={20} />
          </ActionIcon>
        )}
      </Group>
      {state === 'running' && (
        <Progress
          value={(fraction ?? 1) * 100}
          animated={fraction === null}
          size={6}
          my={4}
          aria-label={title}
        />
      )}
      <Text size="sm" c={state === 'failed' ? 'red' : 'dimmed'} className="tabular unbroken">
        {detail}
      </Text>
      {children}
    </li>
  )
}

function StateIcon({ state }: { state: 'done' | 'failed' }) {
  if (state === 'done') return <IconCheck size={20} className={classes.done} aria-hidden />
  return <IconAlertTriangle size={20} className={classes.failed} aria-hidden />
}
