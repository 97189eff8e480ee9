// The TypeScript declarations of the installed SDK as JSON Schema.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const packages = process.env.PORTCULLIS_TOP + '/build/node/';
const require = createRequire(packages);
const declarations = packages + 'node_modules/stripe/esm/';
const errorType = 'StripeRawError';

// {definitions, resources}: a schema for each interface that an answer can hold, by name (`PaymentIntent`,
// `PaymentIntent.LastPaymentError`, `Checkout.Session`), and for each value of `object` the names that carry it.
// Beyond JSON Schema there is one keyword: `resource` lists the names that an object can have here, told apart by
// `object`, `deleted` and the like; an empty list stands for every resource. Such a reference is followed only when
// there is an object to check, so that resources may hold each other.
export function schemas() {
  const stamp = crypto.createHash('sha256');
  for (const file of [fileURLToPath(import.meta.url), packages + 'node_modules/stripe/package.json', packages + 'node_modules/typescript/package.json'])
    stamp.update(fs.readFileSync(file));
  const cache = `${packages}schemas-${stamp.digest('hex').slice(0, 16)}.json`;
  if (fs.existsSync(cache)) return JSON.parse(fs.readFileSync(cache, 'utf8'));
  const made = JSON.stringify(translate());
  fs.writeFileSync(`${cache}.${process.pid}`, made);
  fs.renameSync(`${cache}.${process.pid}`, cache);
  return JSON.parse(made);
}

function translate() {
  const ts = require('typescript');
  const { TypeFlags, SymbolFlags } = ts;
  const files = fs.readdirSync(declarations + 'resources', { recursive: true }).filter((name) => name.endsWith('.d.ts')).map((name) => declarations + 'resources/' + name);
  const program = ts.createProgram([...files, declarations + 'Types.d.ts', declarations + 'lib.d.ts'],
    { strict: true, noEmit: true, skipLibCheck: true, types: [], lib: ['lib.es2022.d.ts'], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler });
  const checker = program.getTypeChecker();
  const typeOf = (symbol) => checker.getTypeOfSymbol(symbol);
  const source = (symbol) => symbol.declarations[0].getSourceFile().fileName;
  const ours = (symbol) => symbol?.declarations && source(symbol).startsWith(declarations);
  const isTopLevel = (symbol) => (symbol.parent?.flags & SymbolFlags.ValueModule) !== 0 && symbol.parent.name.startsWith('"');
  const definitions = {}, waiting = [], homes = new Map();

  function nameOf(symbol) {
    const folders = path.dirname(path.relative(declarations, source(symbol))).split('/').filter((part) => part !== '.' && part !== 'resources');
    const names = [];
    for (let part = symbol; part && !part.name.startsWith('"'); part = part.parent) names.unshift(part.name);
    const name = [...folders, ...names].join('.');
    if (homes.has(name) && homes.get(name) !== symbol) throw new Error(`The SDK declares two types named ${name}`);
    homes.set(name, symbol);
    return name;
  }
  function reference(type) {
    const name = nameOf(type.symbol);
    if (!(name in definitions)) {
      definitions[name] = null;
      waiting.push([name, type]);
    }
    return name;
  }
  const isInterface = (type) => (type.symbol?.flags & SymbolFlags.Interface) !== 0 && ours(type.symbol) && !checker.getTypeArguments(type).length;
  // The value of `object`, where it is fixed: what the API calls a resource.
  function objectOf(type) {
    const property = isInterface(type) && isTopLevel(type.symbol) && checker.getPropertyOfType(type, 'object');
    return property && typeOf(property).isStringLiteral() ? typeOf(property).value : undefined;
  }

  const isLiteral = (type) => (type.flags & TypeFlags.Literal) !== 0;
  const literal = (type) => (type.flags & TypeFlags.BooleanLiteral ? checker.typeToString(type) === 'true' : type.value);
  const nothing = TypeFlags.Undefined | TypeFlags.Void | TypeFlags.Never;

  function convert(type) {
    if (type.flags & (TypeFlags.Any | TypeFlags.Unknown)) return {};
    if (type.flags & TypeFlags.TypeParameter) return { type: 'object', resource: [] };
    const parts = (type.isUnion() ? type.types : [type]).filter((part) => !(part.flags & nothing));
    if (!parts.length) return false;
    const literals = parts.filter(isLiteral), types = new Set(), resources = [], objects = [];
    let items;
    for (const part of parts.filter((one) => !isLiteral(one))) {
      if (part.flags & TypeFlags.Null) types.add('null');
      else if (part.flags & TypeFlags.String) types.add('string');
      else if (part.flags & TypeFlags.Number) types.add('number');
      else if (part.aliasSymbol?.name === 'Decimal' || part.symbol?.name === 'Date') types.add('string');  // before the SDK has parsed it
      else if (isOpen(part)) literals.some((one) => one.isStringLiteral()) || types.add('string');
      else if (checker.isArrayType(part)) {
        types.add('array');
        const element = convert(checker.getTypeArguments(part)[0]);
        items = items ? { anyOf: [items, element] } : element;
      } else if (part.flags & (TypeFlags.Object | TypeFlags.Intersection)) {
        types.add('object');
        if (objectOf(part)) resources.push(reference(part));
        else objects.push(isInterface(part) ? { $ref: reference(part) } : describe(part));
      } else throw new Error(`No schema for ${checker.typeToString(part)}`);
    }
    const values = literals.map(literal);
    if (values.length === 2 && values.every((value) => typeof value === 'boolean')) {
      types.add('boolean');
      values.length = 0;
    }
    const rest = {};
    if (types.delete('null')) types.add('null');  // the last to be named
    if (types.size) rest.type = types.size === 1 ? [...types][0] : [...types];
    if (items) rest.items = items;
    if (resources.length) rest.resource = resources;
    if (objects.length && resources.length) throw new Error(`A resource or another object: ${checker.typeToString(type)}`);
    if (objects.length === 1 && types.size === 1) return values.length ? { anyOf: [{ enum: values }, objects[0]] } : objects[0];
    if (objects.length) Object.assign(rest, { if: { type: 'object' }, then: objects.length === 1 ? objects[0] : { anyOf: objects } });
    if (!values.length) return rest;
    if (types.size === 1 && types.has('null')) return { enum: [...values, null] };
    if (types.size) return { anyOf: [{ enum: values }, rest] };
    return values.length === 1 ? { const: values[0] } : { enum: values };
  }
  // `string & Record<never, never>`, the SDK's mark of a list to which values may be added. The gateway adds none: to
  // be understood by merchants it must keep to the values that are known.
  function isOpen(type) {
    return type.isIntersection() && type.types.some((part) => part.flags & TypeFlags.String);
  }

  function describe(type) {
    if (!isInterface(type) && type.symbol && !ours(type.symbol) && !type.aliasSymbol && !type.isIntersection()) return {};
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    for (const property of checker.getPropertiesOfType(type)) {
      const value = typeOf(property);
      const optional = property.flags & SymbolFlags.Optional || (value.isUnion() ? value.types : [value]).some((part) => part.flags & nothing);
      schema.properties[property.name] = convert(value);
      if (!optional) schema.required.push(property.name);
    }
    const index = checker.getIndexInfosOfType(type)[0];
    if (index) schema.additionalProperties = convert(index.type);
    return schema;
  }

  const exported = files.filter((file) => !file.startsWith(declarations + 'resources/V2/')).flatMap((file) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file))));
  const roots = exported.filter((symbol) => symbol.flags & SymbolFlags.Interface && ours(symbol)).map((symbol) => checker.getDeclaredTypeOfSymbol(symbol)).filter(objectOf);
  const bases = new Set(roots.flatMap((type) => checker.getBaseTypes(type)).map((type) => type.symbol));
  const resources = {};
  for (const type of roots.filter((one) => !bases.has(one.symbol))) {
    const names = (resources[objectOf(type)] ??= []);
    if (!names.includes(reference(type))) names.push(reference(type));
  }

  const named = (file, name) => checker.getDeclaredTypeOfSymbol(checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(declarations + file))).find((symbol) => symbol.name === name));
  for (const [object, name] of [['list', 'ApiList'], ['search_result', 'ApiSearchResult']]) {
    definitions[name] = describe(named('lib.d.ts', name));
    resources[object] = [name];
  }
  // What the SDK itself adds to an error goes.
  const error = describe(named('Types.d.ts', errorType));
  for (const name of ['headers', 'statusCode', 'requestId', 'detail', 'exception']) delete error.properties[name];
  definitions.Error = { ...error, required: ['type', 'message'] };
  while (waiting.length) {
    const [name, type] = waiting.pop();
    definitions[name] = describe(type);
  }
  return { definitions, resources };
}
