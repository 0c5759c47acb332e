import { usePlaceWorks } from '../files/change/use-place-works.ts'
import { useUploadWorks } from '../files/upload/use-upload-works.tsx'
import { Tray } from '../kit/tray/tray.tsx'
import { useJobWorks } from './use-job-works.ts'

export function WorkTray({ isAdmin }: { isAdmin: boolean }) {
  const uploads = useUploadWorks()
  const placings = usePlaceWorks()
  const jobs = useJobWorks(isAdmin)
  return <Tray works={[...uploads, ...placings, ...jobs]} />
}
