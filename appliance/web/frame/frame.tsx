import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Outlet } from 'react-router'
import type { Person } from '../api/session.ts'
import { UploadsProvider } from '../files/upload/uploads-context.tsx'
import { useLive } from '../kit/api/live.ts'
import { ErrorBoundary } from '../kit/error-boundary.tsx'
import { Skeletons } from '../kit/skeletons.tsx'
import classes from './frame.module.css'
import { KeyList } from './key-list.tsx'
import { Rail } from './rail.tsx'
import { stale } from './stale.ts'
import { WorkTray } from './work-tray.tsx'

const passedOn = ['files/progress']

/** What stands around every page: the rail (a bar at the bottom of a phone), the tray of work under way. */
export function Frame({ person }: { person: Person }) {
  const { t } = useTranslation()
  useLive(stale, passedOn)
  return (
    <UploadsProvider>
      <a href="#content" className={classes.skip}>
        {t('frame.skip')}
      </a>
      <div className={classes.frame}>
        <Rail person={person} />
        <main id="content" className={classes.content} tabIndex={-1}>
          <ErrorBoundary>
            <Suspense fallback={<Skeletons />}>
              <Outlet />
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      <WorkTray isAdmin={person.role === 'admin'} />
      <KeyList />
    </UploadsProvider>
  )
}
