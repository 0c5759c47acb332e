import { Text } from '@mantine/core'
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './notice.module.css'

interface Props {
  kind: 'info' | 'warning' | 'danger'
  title?: string
  children: ReactNode
}

/** A card that says something one should know before going on. */
export function Notice({ kind, title, children }: Props) {
  const Icon = kind === 'info' ? IconInfoCircle : IconAlertTriangle
  return (
    <div className={classes.notice} data-kind={kind}>
      <Icon size={20} className={classes.icon} aria-hidden />
      <div className={classes.words}>
        {title && (
          <Text fw={600} className="unbroken">
            {title}
          </Text>
        )}
        {typeof children === 'string' ? <Text className="unbroken">{children}</Text> : children}
      </div>
    </div>
  )
}
