// node refund.mjs <payment intent> [amount in cents]: gives an order's money back, all of it or a part.
import { stripe } from './config.mjs';

const [payment_intent, amount] = process.argv.slice(2);
if (!payment_intent) {
  console.error('Usage: node refund.mjs <payment intent> [amount in cents]');
  process.exit(2);
}
try {
  const refund = await stripe.refunds.create(
    { payment_intent, ...(amount ? { amount: Number(amount) } : {}), reason: 'requested_by_customer' },
    { idempotencyKey: `refund-${payment_intent}-${amount ?? 'all'}` });
  console.log(`${refund.id} ${refund.status} ${refund.amount} ${refund.currency}`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
