import { useI18n } from 'vue-i18n'
import { session, type Role } from '@/api/session'

/** useAccess says why something is not for the user, for a button that is disabled because of it. */
export function useAccess(): { why: (need: Role) => string | undefined } {
  const { t } = useI18n()
  return {
    why: (need) =>
      session.may(need)
        ? undefined
        : t('access.why', { need: t(`access.role.${need}`), have: t(`access.role.${session.who.value!.role}`) }),
  }
}
