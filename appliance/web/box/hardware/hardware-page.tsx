import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { tuningQuery } from '../../api/tuning.ts'
import { Answer } from '../../kit/answer.tsx'
import { Sheet } from '../../kit/sheet.tsx'
import { BoxTabs } from '../box-tabs.tsx'
import { FigureCharts } from './figure-charts.tsx'
import { Machine } from './machine.tsx'
import { SeenThings } from './seen-things.tsx'
import { Settings } from './settings.tsx'
import { WhatItBrought } from './what-it-brought.tsx'

/** What the box is made of, what Cairn sets for it and why, and what was measured on it. */
export function HardwarePage() {
  const { t } = useTranslation()
  const tuning = useQuery(tuningQuery)
  return (
    <Sheet title={t('box.title')}>
      <BoxTabs />
      <Answer query={tuning} rows={8}>
        {report => (
          <>
            <Machine facts={report.facts} />
            <Settings report={report} />
            {report.brought && report.brought.results.length > 0 && (
              <WhatItBrought brought={report.brought} />
            )}
            <FigureCharts report={report} />
            <SeenThings seen={report.seen} />
          </>
        )}
      </Answer>
    </Sheet>
  )
}
