import { Menu } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import {
  IconActivity,
  IconDots,
  IconFolder,
  IconHistory,
  IconServer2,
  IconSettings,
  IconTrash,
  IconUsers,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import type { Person } from '../api/session.ts'
import { Mark } from '../kit/mark.tsx'
import classes from './rail.module.css'

/** The most used first: on a phone those that find no room are under "More". */
const places = [
  { to: '/files', label: 'frame.files', Icon: IconFolder, isForAdmins: false },
  { to: '/trash', label: 'frame.trash', Icon: IconTrash, isForAdmins: false },
  { to: '/activity', label: 'frame.activity', Icon: IconActivity, isForAdmins: false },
  { to: '/history', label: 'frame.history', Icon: IconHistory, isForAdmins: false },
  {
    to: '/storage',
    label: 'frame.box',
    Icon: IconServer2,
    isForAdmins: true,
    parts: ['/shares', '/hardware', '/updates'],
  },
  { to: '/people', label: 'frame.people', Icon: IconUsers, isForAdmins: true },
  { to: '/settings', label: 'frame.settings', Icon: IconSettings, isForAdmins: false },
] as const satisfies Place[]

interface Place {
  to: string
  label: string
  Icon: typeof IconFolder
  isForAdmins: boolean
  /** Other addresses that belong to it. */
  parts?: readonly string[]
}

const phone = '(max-width: 47.99em)'
const mostOnPhone = 5

/** The places this person may go to: at the left, on a phone at the bottom. */
export function Rail({ person }: { person: Person }) {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const isPhone = useMediaQuery(phone, undefined, { getInitialValueInEffect: false }) ?? false
  const all = places.filter(place => !place.isForAdmins || person.role === 'admin')
  const isCrowded = isPhone && all.length > mostOnPhone
  const shown = isCrowded ? all.slice(0, mostOnPhone - 1) : all
  return (
    <nav className={classes.rail} aria-label={t('frame.places')}>
      <div className={classes.brand}>
        <Mark size={32} />
        <span>{t('product')}</span>
      </div>
      <ul className={classes.places}>
        {shown.map(place => (
          <li key={place.to}>
            <Link
              to={place.to}
              className={classes.place ?? ''}
              aria-current={isAt(place, pathname) ? 'page' : undefined}
            >
              <place.Icon size={20} stroke={1.75} aria-hidden />
              <span>{t(place.label)}</span>
            </Link>
          </li>
        ))}
        {isCrowded && (
          <li>
            <MorePlaces places={all.slice(mostOnPhone - 1)} />
          </li>
        )}
      </ul>
      <div className={classes.person}>
        <span className={classes.name}>{person.displayName}</span>
      </div>
    </nav>
  )
}

function MorePlaces({ places: hidden }: { places: readonly (typeof places)[number][] }) {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const isHere = hidden.some(place => isAt(place, pathname))
  return (
    <Menu position="top-end" transitionProps={{ duration: 120 }}>
      <Menu.Target>
        <button type="button" className={classes.place} data-here={isHere || undefined}>
          <IconDots size={20} stroke={1.75} aria-hidden />
          <span>{t('frame.more')}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {hidden.map(({ to, label, Icon }) => (
          <Menu.Item
            key={to}
            component={Link}
            to={to}
            className={classes.morePlace ?? ''}
            leftSection={<Icon size={20} stroke={1.75} aria-hidden />}
          >
            {t(label)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function isAt({ to, parts = [] }: Place, pathname: string): boolean {
  return [to, ...parts].some(path => pathname === path || pathname.startsWith(`${path}/`))
}
