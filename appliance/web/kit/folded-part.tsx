import { Title } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './folded-part.module.css'

/** What one need not see to go on, folded away under a heading that says how much it is. */
export function FoldedPart({
  title,
  order = 3,
  children,
}: {
  title: string
  order?: 2 | 3
  children: ReactNode
}) {
  return (
    <details className={classes.fold}>
      <summary className={classes.head}>
        <IconChevronRight size={20} className={classes.arrow} aria-hidden />
        <Title order={order} size={order === 2 ? 'h4' : 'h5'}>
          {title}
        </Title>
      </summary>
      <div className={classes.content}>{children}</div>
    </details>
  )
}
