// Whether answers of the gateway are what the SDK's own declarations promise a merchant.
import { createRequire } from 'node:module';
import { schemas } from './sdk_schemas.mjs';

const require = createRequire(process.env.PORTCULLIS_TOP + '/build/node/');
const Ajv = require('ajv');
const { API_VERSION } = require('stripe');

// What this gateway adds to the SDK's types; a field that is neither there nor here is refused.
const extensions = {
  Event: ['sequence'],
  Charge: ['authentication'],
  EphemeralKey: ['associated_objects'],
  'Account.Settings': ['card_data'],
};
// What the holder of a publishable key sees of any resource; all else may be left out.
const alwaysPublic = ['id', 'object', 'created', 'livemode', 'status'];

const { definitions, resources } = schemas();
for (const [name, fields] of Object.entries(extensions))
  for (const one of name === 'Event' ? resources.event : [name])
    for (const field of fields) definitions[one].properties[field] = true;

// Of a hash, previous_attributes hold the keys that changed, and null for one that was not there: fewer than the type
// promises.
for (const definition of Object.values(definitions)) {
  const before = definition.properties?.previous_attributes;
  const members = (before?.$ref ? definitions[before.$ref] : before)?.properties;
  if (!members) continue;
  const isHash = (schema) => schema.$ref || schema.if || schema.resource || [schema.type].flat().includes('object');
  const relaxed = Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, isHash(schema) ? {} : schema]));
  definition.properties.previous_attributes = { type: 'object', properties: relaxed, additionalProperties: false };
}

// What tells a resource from others: {object: 'customer', deleted: true}.
const marks = (name) => definitions[name].required.map((field) => [field, definitions[name].properties[field].const]).filter(([, value]) => value !== undefined);
function choose(names, value) {
  const candidates = (names.length ? names : resources[value.object] ?? []).map((name) => ({ name, marks: marks(name) }));
  const fitting = candidates.filter((one) => one.marks.every(([field, mark]) => value[field] === mark)).sort((a, b) => b.marks.length - a.marks.length);
  if (fitting.length) return { name: fitting[0].name };
  if (!candidates.length) return { field: 'object', expected: 'a resource that the SDK knows' };
  const [[field]] = candidates[0].marks.filter(([name]) => !candidates.some((one) => one.marks.some(([other, mark]) => other === name && value[name] === mark)));
  return { field, expected: oneOf(candidates.flatMap((one) => one.marks).filter(([name]) => name === field).map(([, mark]) => mark)) };
}

function validator(publishable) {
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false, inlineRefs: false, code: { optimize: false } });
  const check = (name, value, at) => {
    const validate = ajv.getSchema(name);
    return validate(value, at) ? [] : validate.errors.flatMap(describe);
  };
  const checkResource = (names, value, at) => {
    const { name, field, expected } = choose(names, value);
    return name ? check(name, value, at) : [`${place(`${at.instancePath}/${field}`)}: expected ${expected}, got ${show(value[field])}`];
  };
  function resource(names, value, _, at) {
    resource.errors = checkResource(names, value, at).map((line) => ({ keyword: 'resource', message: line, params: {} }));
    return !resource.errors.length;
  }
  ajv.addKeyword({ keyword: 'resource', type: 'object', schemaType: 'array', errors: 'full', validate: resource });
  for (const [name, schema] of Object.entries(definitions)) {
    const reduced = publishable && schema.properties.id && schema.properties.object;
    ajv.addSchema(reduced ? { ...schema, required: schema.required.filter((field) => alwaysPublic.includes(field)) } : schema, name);
  }
  const top = { instancePath: '' };
  return { resource: (value) => checkResource([], value, top), error: (value) => check('Error', value, { instancePath: '/error' }) };
}
const validators = {};
const validatorFor = (publishable) => (validators[publishable] ??= validator(publishable));

function oneOf(values) {
  const shown = [...new Set(values)].slice(0, 12).map((value) => JSON.stringify(value));
  return shown.length === 1 ? shown[0] : `one of ${shown.join(', ')}${new Set(values).size > 12 ? ', …' : ''}`;
}
const show = (value) => (value === undefined ? 'nothing' : (JSON.stringify(value).length > 80 ? JSON.stringify(value).slice(0, 80) + '…' : JSON.stringify(value)));
const kind = (schema) => (schema.enum || schema.const !== undefined ? oneOf(schema.enum ?? [schema.const]) : [schema.type ?? 'object'].flat().join(' or '));

const place = (pointer) => pointer.slice(1).replaceAll('/', '.') || 'the object';

function describe({ keyword, instancePath, message, params, schema, parentSchema, data }) {
  const line = (field, expected, got) => [`${place(field === undefined ? instancePath : `${instancePath}/${field}`)}: expected ${expected}, got ${show(got)}`];
  switch (keyword) {
    case 'resource': return [message];
    case 'if': return [];  // the branch has said what is wrong
    case 'required': return line(params.missingProperty, kind(parentSchema.properties[params.missingProperty]));
    case 'additionalProperties': return line(params.additionalProperty, 'no such field', data[params.additionalProperty]);
    case 'false schema': return line(undefined, 'no such field', data);
    case 'anyOf': return line(undefined, `one of ${schema.length} shapes`, data);
    default: return line(undefined, kind(parentSchema), data);
  }
}

// What is wrong with the body of an answer: lines of path, what the SDK's types expect and what came.
export function faults(body, { publishable = false, status = 200 } = {}) {
  if (body === null || typeof body !== 'object') return [`the body: expected an object, got ${show(body)}`];
  if (status < 400) return validatorFor(publishable).resource(body);
  if (body.error === null || typeof body.error !== 'object') return [`error: expected an object, got ${show(body.error)}`];
  return validatorFor(publishable).error(body.error);
}

// What was wrong with answers since the last call of takeFaults.
let found = [];
export function takeFaults() {
  const taken = found;
  found = [];
  return taken;
}

// Resources of this gateway's own, which the SDK does not have.
const ownPaths = ['/v1/ledger/'];

// Notes what is wrong with an answer. Those in older versions of the API are passed over: the types are of the newest.
export function note({ method, path, status, headers, body, publishable }) {
  if ((headers['stripe-version'] ?? API_VERSION) !== API_VERSION) return;
  if (status < 400 && ownPaths.some((own) => path.startsWith(own))) return;
  for (const fault of faults(body, { publishable, status })) found.push(`${method} ${path.split('?')[0]} answered ${status}: ${fault}`);
}

// Makes an HTTP client of the SDK note what is wrong with the answers that it brings. Nothing is thrown: the SDK
// would take it for a broken connection, and a test that expects an error would not tell it from its own.
export function checked(http) {
  const makeRequest = http.makeRequest.bind(http);
  http.makeRequest = async (...call) => {
    const [, , path, method, sent] = call;
    const response = await makeRequest(...call);
    const toJSON = response.toJSON.bind(response);
    response.toJSON = async () => {
      const body = await toJSON();
      note({ method, path, status: response.getStatusCode(), headers: response.getHeaders(), body, publishable: /^Bearer pk_/.test(sent.Authorization) });
      return body;
    };
    return response;
  };
  return http;
}
