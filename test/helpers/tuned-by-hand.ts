import type { TuningDeps } from '../../appliance/tuning/index.ts'

/** Nothing is set without being asked for. */
export const tunedByHand: TuningDeps['automatic'] = {
  isOnByDefault: false,
  isLooking: false,
  circumstances: async () => ({ isSetUp: true, isOnTrial: false, restlessPools: [] }),
}
