import { useTranslation } from 'react-i18next'

/** `raid1` is "Two copies" to people. */
export function useProfileName(): (profile: string) => string {
  const { t, i18n } = useTranslation()
  return profile => {
    const key = `profile.${profile}`
    return i18n.exists(key) ? t(key as 'profile.raid1') : profile
  }
}
