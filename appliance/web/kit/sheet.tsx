import { Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './sheet.module.css'
import { useTitle } from './use-title.ts'

/** A page that is read from top to bottom. */
export function Sheet({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title)
  return (
    <div className={classes.sheet}>
      <header className={classes.head}>
        <Title order={1} size="h2" className="unbroken">
          {title}
        </Title>
        {lead}
      </header>
      {children}
    </div>
  )
}

/** A part of a sheet, with what starts something at its right. */
export function Part({
  title,
  action,
  children,
}: {
  title: string
  action?: ReactNode
  children: ReactNode
}) {
  return (
    <section className={classes.part} aria-label={title}>
      <div className={classes.partHead}>
        <Title order={2} size="h4">
          {title}
        </Title>
        {action}
      </div>
      {children}
    </section>
  )
}

/** A surface for things that belong together. */
export function Card({ children }: { children: ReactNode }) {
  return <div className={classes.card}>{children}</div>
}
