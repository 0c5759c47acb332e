import { useTranslation } from 'react-i18next'
import { Sheet } from '../../kit/sheet.tsx'
import { BoxTabs } from '../box-tabs.tsx'
import { PrivateWay } from './private-way.tsx'
import { RemoteShell } from './remote-shell.tsx'

/** The ways to this box, beside those to its files. */
export function AccessPage() {
  const { t } = useTranslation()
  return (
    <Sheet title={t('box.title')} lead={<BoxTabs />}>
      <PrivateWay />
      <RemoteShell />
    </Sheet>
  )
}
