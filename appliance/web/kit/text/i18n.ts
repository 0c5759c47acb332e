import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import kit from './english.json'

const isDeep = true

/** Starts translations with the kit's words and those of one page. English is the only catalogue yet. */
export function startTranslations(page: Record<string, unknown>): void {
  void i18next.use(initReactI18next).init({
    resources: { en: { translation: kit } },
    lng: 'en',
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
    initAsync: false,
  })
  i18next.addResourceBundle('en', 'translation', page, isDeep)
}
