import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'
import classes from './box-tabs.module.css'

/** What the box has, what it shares of it, and what it is made of. */
export function BoxTabs() {
  const { t } = useTranslation()
  return (
    <nav className={classes.tabs} aria-label={t('box.parts')}>
      <NavLink to="/storage">{t('box.storage')}</NavLink>
      <NavLink to="/shares">{t('box.shares')}</NavLink>
      <NavLink to="/hardware">{t('box.hardware')}</NavLink>
      <NavLink to="/access">{t('box.access')}</NavLink>
      <NavLink to="/updates">{t('box.updates')}</NavLink>
      <NavLink to="/reset">{t('box.reset')}</NavLink>
    </nav>
  )
}
