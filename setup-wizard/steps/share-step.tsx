import { Input, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Notice } from '../../appliance/web/kit/notice.tsx'
import { RightChoice } from '../../appliance/web/kit/right-choice.tsx'
import { hasPoolIn } from '../draft.ts'
import type { StepProps } from '../entering.tsx'
import { StepPanel } from '../step-panel.tsx'

/** The first share: a folder that everybody with an account finds on every device. */
export function ShareStep({ draft, onChange, onNext, onBack }: StepProps) {
  const { t } = useTranslation()
  const clashes = draft.share.trim().toLowerCase() === draft.name
  return (
    <StepPanel
      step="share"
      title={t('setup.share.title')}
      lead={t('setup.share.lead')}
      isReady={!clashes}
      onNext={onNext}
      onBack={onBack}
    >
      {!hasPoolIn(draft) ? (
        <Notice kind="info">{t('setup.share.noPool')}</Notice>
      ) : (
        <>
          <TextInput
            label={t('share.name')}
            description={draft.imports.length > 0 ? t('setup.share.importHint') : t('setup.share.nameHint')}
            value={draft.share}
            error={clashes ? t('setup.share.clash') : undefined}
            onChange={event => onChange({ share: event.currentTarget.value })}
            maw={360}
          />
          <Input.Wrapper
            label={t('share.everyoneLabel')}
            description={t('share.everyoneHint')}
            labelElement="div"
          >
            <div>
              <RightChoice
                label={t('share.everyoneLabel')}
                value={draft.everyone}
                onChange={everyone => onChange({ everyone })}
              />
            </div>
          </Input.Wrapper>
        </>
      )}
    </StepPanel>
  )
}
