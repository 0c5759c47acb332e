import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Mark } from '../appliance/web/kit/mark.tsx'
import classes from './page.module.css'

/** The calm frame around each step. */
export function Page({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={classes.page}>
      <header className={classes.brand}>
        <Mark size={40} />
        <span>{t('product')}</span>
      </header>
      <main className={classes.main}>{children}</main>
    </div>
  )
}
