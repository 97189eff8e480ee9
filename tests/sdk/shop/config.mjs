// All that tells this gateway from the original API: a host, a key, and (through NODE_EXTRA_CA_CERTS) the authority
// that signed the host's certificate.
import { createRequire } from 'node:module';

const require = createRequire(process.env.SHOP_MODULES);
const Stripe = require('stripe');

const host = new URL(process.env.SHOP_API ?? 'https://api.stripe.com');
export const stripe = new Stripe(process.env.SHOP_SECRET_KEY, { host: host.hostname, port: host.port || 443 });
export const api = host.origin;
export const publishableKey = process.env.SHOP_PUBLISHABLE_KEY;
