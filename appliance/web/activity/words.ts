import { useTranslation } from 'react-i18next'
import type { Activity } from '../api/journal.ts'

type Way = Pick<Activity, 'face' | 'device' | 'deviceName' | 'address'>

/** By what somebody did it: `Network drive, LAPTOP`; a session or a plain password says no more than the face. */
export function useDeviceWords(): (way: Way) => string {
  const { t } = useTranslation()
  return ({ face, device, deviceName, address }) => {
    const named = deviceName ?? deviceIn(device) ?? (face === 'webdav' || face === 'smb' ? address : null)
    return named
      ? t('activity.way', { face: t(`activity.face.${face}`), device: named })
      : t(`activity.face.${face}`)
  }
}

function deviceIn(device: string | null): string | null {
  return device?.startsWith('smb:') ? device.slice('smb:'.length) : null
}
