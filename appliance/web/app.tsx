import { useQuery } from '@tanstack/react-query'
import { lazy } from 'react'
import { Navigate, Route, Routes, useLocation } from 'react-router'
import { type Person, sessionQuery } from './api/session.ts'
import { FilesPage } from './files/files-page.tsx'
import { Frame } from './frame/frame.tsx'
import { Answer } from './kit/answer.tsx'
import { SignInPage } from './sign-in/sign-in-page.tsx'
import { TrustPage } from './trust/trust-page.tsx'

const AccessPage = lazy(async () => ({
  default: (await import('./box/access/access-page.tsx')).AccessPage,
}))
const BoxPage = lazy(async () => ({ default: (await import('./box/box-page.tsx')).BoxPage }))
const SharesPage = lazy(async () => ({ default: (await import('./box/shares/shares-page.tsx')).SharesPage }))
const SharePage = lazy(async () => ({ default: (await import('./box/shares/share-page.tsx')).SharePage }))
const HardwarePage = lazy(async () => ({
  default: (await import('./box/hardware/hardware-page.tsx')).HardwarePage,
}))
const UpdatesPage = lazy(async () => ({
  default: (await import('./box/updates/updates-page.tsx')).UpdatesPage,
}))
const ResetPage = lazy(async () => ({ default: (await import('./box/reset/reset-page.tsx')).ResetPage }))
const PeoplePage = lazy(async () => ({ default: (await import('./people/people-page.tsx')).PeoplePage }))
const HistoryPage = lazy(async () => ({ default: (await import('./history/history-page.tsx')).HistoryPage }))
const ShareHistoryPage = lazy(async () => ({
  default: (await import('./history/share-history-page.tsx')).ShareHistoryPage,
}))
const SnapshotPage = lazy(async () => ({
  default: (await import('./history/snapshot-page.tsx')).SnapshotPage,
}))
const TrashPage = lazy(async () => ({ default: (await import('./trash/trash-page.tsx')).TrashPage }))
const TrashFolderPage = lazy(async () => ({
  default: (await import('./trash/trash-folder-page.tsx')).TrashFolderPage,
}))
const ActivityPage = lazy(async () => ({
  default: (await import('./activity/activity-page.tsx')).ActivityPage,
}))
const SettingsPage = lazy(async () => ({
  default: (await import('./settings/settings-page.tsx')).SettingsPage,
}))

/** The page for whoever is signed in; the sign-in page for everybody else. */
export function App() {
  // Over HTTP nothing else answers, where HTTPS is required.
  return useLocation().pathname === '/trust' ? <TrustPage /> : <SignedIn />
}

function SignedIn() {
  const session = useQuery(sessionQuery)
  return (
    <Answer query={session}>
      {person => (person === null ? <SignInPage /> : <Pages person={person} />)}
    </Answer>
  )
}

function Pages({ person }: { person: Person }) {
  const isAdmin = person.role === 'admin'
  return (
    <Routes>
      <Route element={<Frame person={person} />}>
        <Route path="/files/*" element={<FilesPage />} />
        <Route path="/trash" element={<TrashPage />} />
        <Route path="/trash/in" element={<TrashFolderPage />} />
        <Route path="/activity" element={<ActivityPage person={person} />} />
        <Route path="/history" element={<HistoryPage person={person} />} />
        <Route path="/history/:share" element={<ShareHistoryPage isAdmin={isAdmin} />} />
        <Route path="/history/:share/:snapshot" element={<SnapshotPage />} />
        {isAdmin && (
          <>
            <Route path="/storage" element={<BoxPage />} />
            <Route path="/storage/:pool/replace/:disk" element={<BoxPage />} />
            <Route path="/hardware" element={<HardwarePage />} />
            <Route path="/access" element={<AccessPage />} />
            <Route path="/updates" element={<UpdatesPage />} />
            <Route path="/reset" element={<ResetPage />} />
            <Route path="/shares" element={<SharesPage />} />
            <Route path="/shares/:share" element={<SharePage />} />
            <Route path="/people" element={<PeoplePage />} />
          </>
        )}
        <Route path="/settings" element={<SettingsPage person={person} />} />
        <Route path="*" element={<Navigate to="/files" replace />} />
      </Route>
    </Routes>
  )
}
