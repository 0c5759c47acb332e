import { Text } from '@mantine/core'
import { Trans, useTranslation } from 'react-i18next'
import type { Brought } from '../../api/tuning.ts'
import { When } from '../../kit/format/when.tsx'
import { Row, Rows } from '../../kit/rows.tsx'
import { Part } from '../../kit/sheet.tsx'
import { StateWord } from '../../kit/state-word.tsx'
import { broughtWords, kindOfBrought } from './brought-words.ts'
import classes from './hardware.module.css'

/** What the same work took with a group of settings and without it, on this very machine. */
export function WhatItBrought({ brought }: { brought: Brought }) {
  const { t, i18n } = useTranslation()
  const title = t('hardware.brought.title')
  return (
    <Part title={title}>
      <Text c="dimmed" className="prose">
        <Trans
          i18nKey="hardware.brought.hint"
          values={{ count: brought.pairs }}
          components={{ when: <When at={brought.takenAt} /> }}
        />
      </Text>
      <Rows label={title}>
        {brought.results.map(({ group, what, work, percent }) => (
          <Row
            key={`${what} ${work}`}
            title={t(`hardware.group.${group}`)}
            detail={
              <>
                <span className={classes.work}>{work}</span>
                <span className="unbroken">{what}</span>
              </>
            }
          >
            <StateWord kind={kindOfBrought(percent)} word={broughtWords(t, percent, i18n.language)} />
          </Row>
        ))}
      </Rows>
    </Part>
  )
}
