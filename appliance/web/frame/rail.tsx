import { IconFolder, IconHistory, IconServer2, IconSettings, IconUsers } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'
import type { Person } from '../api/session.ts'
import { Mark } from '../kit/mark.tsx'
import classes from './rail.module.css'

const places = [
  { to: '/files', label: 'frame.files', Icon: IconFolder, isForAdmins: false },
  { to: '/history', label: 'frame.history', Icon: IconHistory, isForAdmins: false },
  { to: '/storage', label: 'frame.box', Icon: IconServer2, isForAdmins: true },
  { to: '/people', label: 'frame.people', Icon: IconUsers, isForAdmins: true },
  { to: '/settings', label: 'frame.settings', Icon: IconSettings, isForAdmins: false },
] as const

/** The places this person may go to: at the left, on a phone at the bottom. */
export function Rail({ person }: { person: Person }) {
  const { t } = useTranslation()
  const shown = places.filter(place => !place.isForAdmins || person.role === 'admin')
  return (
    <nav className={classes.rail} aria-label={t('frame.places')}>
      <div className={classes.brand}>
        <Mark size={32} />
        <span>{t('product')}</span>
      </div>
      <ul className={classes.places}>
        {shown.map(({ to, label, Icon }) => (
          <li key={to}>
            <NavLink to={to} className={classes.place ?? ''}>
              <Icon size={20} stroke={1.75} aria-hidden />
              <span>{t(label)}</span>
            </NavLink>
          </li>
        ))}
      </ul>
      <div className={classes.person}>
        <span className={classes.name}>{person.displayName}</span>
      </div>
    </nav>
  )
}
