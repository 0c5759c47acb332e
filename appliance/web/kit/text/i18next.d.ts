import 'i18next'
import type setup from '../../../../setup-wizard/english.json'
import type app from '../../english.json'
import type kit from './english.json'

/** Makes a key that no catalogue has an error of the compiler. */
declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof kit & typeof app & typeof setup }
  }
}
