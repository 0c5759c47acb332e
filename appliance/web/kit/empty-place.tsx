import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './empty-place.module.css'

/** One sentence about what will be here, and the one button that starts it. */
export function EmptyPlace({
  icon,
  text,
  children,
}: {
  icon: ReactNode
  text: string
  children?: ReactNode
}) {
  return (
    <Stack align="center" gap={16} className={classes.place}>
      <span className={classes.icon} aria-hidden>
        {icon}
      </span>
      <Text ta="center" className="prose" c="dimmed">
        {text}
      </Text>
      {children}
    </Stack>
  )
}
