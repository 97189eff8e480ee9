// The issuer's books beside the gateway's.
import { issuer, sql, until } from './sandbox.mjs';

export const settled = (limit = 60000) =>
  until(async () => Number(sql('gateway', "SELECT count(*) FROM acquirer_requests WHERE state = 'open'")[0][0]) === 0, limit, 'open acquirer requests');

// What the issuer believes equals what the gateway believes.
export async function booksAgree() {
  await settled();
  await until(async () => {
    const [[held, taken]] = sql('gateway', 'SELECT coalesce(sum(amount_capturable), 0), coalesce(sum(amount_received), 0) - (SELECT coalesce(sum(refunds), 0) FROM charges) FROM payment_intents');
    const totals = await issuer('/totals');
    const sum = (name) => Object.values(totals.currencies).reduce((all, currency) => all + currency[name], 0);
    return Number(held) === sum('held') && Number(taken) === sum('posted');
  }, 60000, "the issuer's books to agree with the gateway's");
}
