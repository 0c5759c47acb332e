import { useTranslation } from 'react-i18next'
import { type ApiFailure, asFailure } from './api/failure.ts'

export interface ErrorText {
  /** What happened. */
  what: string
  /** What it means for the files. */
  means: string
  /** What to do now. */
  next: string
  code: string
}

/** The three parts of an error: by its code where the catalogue knows it, else by its status and the server's words. */
export function useErrorText(): (error: unknown) => ErrorText {
  const { t, i18n } = useTranslation()
  return error => {
    const failure = asFailure(error)
    const group = [`errors.codes.${failure.code}`, `errors.status.${failure.status}`].find(key =>
      i18n.exists(`${key}.next`),
    )
    const part = (name: 'what' | 'means' | 'next') => {
      const key = `${group ?? 'errors.status.other'}.${name}`
      return i18n.exists(key) ? t(key as 'errors.status.other.what') : t(`errors.status.other.${name}`)
    }
    return {
      what: whatOf(failure, part('what'), group),
      means: part('means'),
      next: part('next'),
      code: failure.code,
    }
  }
}

/** A message of the server is more exact than our words for a whole status, and less than those for the code. */
function whatOf(failure: ApiFailure, ours: string, group: string | undefined): string {
  return failure.message === '' || group?.startsWith('errors.codes') ? ours : failure.message
}
