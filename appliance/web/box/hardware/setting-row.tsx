import { useTranslation } from 'react-i18next'
import type { TuningSetting } from '../../api/tuning.ts'
import { Row } from '../../kit/rows.tsx'
import { type StateKind, StateWord } from '../../kit/state-word.tsx'
import classes from './hardware.module.css'
import { valueWords } from './value-words.ts'

interface Props {
  setting: TuningSetting
  isAutomatic: boolean
  onOpen: () => void
}

/** What becomes what, and why. */
export function SettingRow({ setting, isAutomatic, onOpen }: Props) {
  return (
    <Row
      title={setting.title}
      detail={
        <>
          <Change setting={setting} />
          {setting.reason}
        </>
      }
      onOpen={onOpen}
    >
      <SettingState setting={setting} isAutomatic={isAutomatic} />
    </Row>
  )
}

/** Where it is not known what there is, what would suit is all there is to say. */
export function Change({ setting: { name, from, to, state } }: { setting: TuningSetting }) {
  const { t, i18n } = useTranslation()
  const words = (value: string) => valueWords(name, value, i18n.language)
  if (from === to || (from === null && state === 'advice'))
    return <span className={classes.change}>{words(to)}</span>
  return (
    <span className={classes.change}>
      {from === null ? t('hardware.notKnown') : words(from)}
      <span className={classes.arrow} aria-hidden>
        →
      </span>
      <span className="only-read-aloud"> {t('hardware.becomes')} </span>
      {words(to)}
    </span>
  )
}

const kinds: Record<TuningSetting['state'], StateKind> = {
  planned: 'next',
  applied: 'ok',
  'as-is': 'ok',
  advice: 'hint',
  unavailable: 'off',
}

type StateProps = Pick<Props, 'setting' | 'isAutomatic'>

/** That somebody has put it back makes a difference only where it would be set otherwise. */
export function SettingState({ setting: { state, problem, isChoice, isPutBack }, isAutomatic }: StateProps) {
  const { t } = useTranslation()
  const wasUndone = state === 'planned' && problem !== null
  return (
    <>
      {wasUndone ? (
        <StateWord kind="warning" word={t('hardware.undone')} />
      ) : (
        <StateWord kind={kinds[state]} word={t(`hardware.stage.${state}.word`)} />
      )}
      {isPutBack && isAutomatic && <span className={classes.choice}>{t('hardware.byItself.putBack')}</span>}
      {isChoice && <span className={classes.choice}>{t('hardware.yourChoice')}</span>}
    </>
  )
}
